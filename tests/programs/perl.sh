#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Perl: regular expressions, files, fork, pipes, signals, sockets, threads of control.
. tests/programs/lib.sh
need perl

input script.pl <<'EOF'
use strict; use warnings; use POSIX qw(:sys_wait_h floor strftime); use Time::HiRes qw(sleep alarm time);
use IO::Socket::INET; use IO::Select; use Socket; use Fcntl qw(:flock :seek); use File::Temp; use File::Find; use Data::Dumper;
$| = 1; $Data::Dumper::Sortkeys = 1; $Data::Dumper::Indent = 1;
my %count; $count{length $_}++ for map { "x" x ($_ % 7) } 1 .. 1000; print Dumper(\%count);
print join(",", "a1b22c333" =~ /(\d+)/g), " ", scalar reverse("abc"), " ", sprintf("%.3f %e %b", 3.14159, 12345, 10), "\n";
my $pid = fork // die; if (!$pid) { sleep 0.05; exit 42 } waitpid($pid, 0); print "child ", $? >> 8, "\n";
my @pids = map { my $p = fork; exit $_ if !$p; $p } 1 .. 20; my $sum = 0; for (@pids) { waitpid($_, 0); $sum += $? >> 8 } print "sum $sum\n";
open my $in, "-|", "sh", "-c", 'echo piped; exit 3' or die; print <$in>; close $in; print "status ", $? >> 8, "\n";
open my $out, "|-", "sort -r" or die; print $out "$_\n" for 1 .. 5; close $out; print `echo backtick`; print system("exit 5") >> 8, "\n";
local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 0.1; select undef, undef, undef, 5; }; print "caught $@"; alarm 0;
local $SIG{USR1} = sub { print "USR1\n" }; kill USR1 => $$; my $kid = fork; if (!$kid) { sleep 10; exit } kill TERM => $kid; waitpid $kid, 0; print "signal ", $? & 127, "\n";
pipe(my $r, my $w); if (!fork) { close $r; syswrite $w, "through a pipe" x 1000; exit 0 } close $w; local $/; print length(<$r>), "\n"; wait;
socketpair(my $left, my $right, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die; syswrite $left, "unix"; sysread $right, my $got, 10; print "$got\n";
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die "no server: $!";
if (!fork) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server->sockport) or die; print $c "ping\n"; $c->shutdown(1); print "client: ", <$c>; exit }
my $c = $server->accept; my @ready = IO::Select->new($c)->can_read(5); print scalar(@ready), " ready\n"; my $line = <$c>; print $c "pong to $line"; close $c; wait;
my ($fh, $name) = File::Temp::tempfile(UNLINK => 1); print $fh "line $_\n" for 1 .. 100; flock $fh, LOCK_EX; seek $fh, 50, SEEK_SET; read $fh, my $part, 10; print length $part, " ", -s $name, "\n"; truncate $fh, 10; print -s $fh, "\n";
mkdir "d"; open my $f, ">", "d/$_" for "a" .. "e"; opendir my $d, "d"; print join(" ", sort grep !/^\./, readdir $d), "\n"; rename "d/a", "d/z"; unlink glob "d/[b-d]"; my @all; find(sub { push @all, $_ }, "d"); print "@{[sort @all]}\n";
symlink "d/z", "l"; print readlink "l", " ", (lstat "l")[7], "\n"; chmod 0600, "d/z"; printf "%o\n", (stat "d/z")[2] & 0777; utime 1000, 2000, "d/z"; print +(stat _)[2] > 0, " ", (stat "d/z")[9], "\n";
print strftime("%F %T", gmtime 86400), " ", -e "/proc/$$/status" ? "proc" : "no proc", "\n"; print pack("NnC", 1, 2, 3) eq "\0\0\0\1\0\2\3" ? "packed\n" : "bad\n";
my @sorted = sort { $a <=> $b } map { ($_ * 7919) % 10007 } 1 .. 20000; print "$sorted[0] $sorted[-1]\n"; print eval { die { code => 7 } } // $@->{code}, "\n"; printf "%s\n", $0; exec "echo", "the end" or die;
EOF
compare perl script.pl
passes 'the end'
compare perl -e 'die "sorry\n"'
compare perl -e 'print STDERR "to err"; $SIG{__DIE__} = sub { exit 9 }; die'
