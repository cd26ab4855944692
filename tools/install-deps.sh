#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: tools/install-deps.sh GROUP...
#
# Installs the Debian packages of the groups (tools/packages) that are not installed yet: directly as
# root, else with sudo. Says nothing and is quick when there is nothing to do. Ends with status 0
# also when it cannot install: what needs the package then says so by name (a skipped test, a failed
# compile); but a message tells what to run by hand.
set -u
top=$(dirname "$0")

packages_of()
{
    for group; do
        awk -v group="$group" '$1 == group { print $2 }' "$top/packages"
    done | sort -u
}

# Those of the named packages that dpkg does not know as installed.
missing_of()
{
    for package; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)
        [ "$status" = installed ] || echo "$package"
    done
}

[ $# -gt 0 ] || { echo "install-deps.sh: name a group: build test demo programs bench" >&2; exit 2; }
wanted=$(packages_of "$@")
[ -n "$wanted" ] || { echo "install-deps.sh: no such group: $*" >&2; exit 2; }

if ! command -v dpkg-query >/dev/null; then
    echo "install-deps.sh: not a Debian system; these packages (by Debian's names) are wanted:" $wanted >&2
    exit 0
fi
# One query for the usual case, one for each package only if something is amiss.
if [ "$(dpkg-query -W -f '${db:Status-Status}\n' $wanted 2>/dev/null | grep -cx installed)" -ge \
     "$(echo "$wanted" | wc -l)" ]; then
    exit 0
fi
missing=$(missing_of $wanted)
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo true; then
    as_root=sudo
else
    echo "install-deps.sh: need root (or sudo) for: apt-get install" $missing >&2
    exit 0
fi
apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0"
echo "installing:" $missing
$apt update
said=$(mktemp)
if ! $apt install -y --no-install-recommends $missing >"$said" 2>&1; then
    tail -5 "$said" >&2
    # One package that does not exist must not keep the others from being installed.
    for package in $missing; do
        $apt install -y --no-install-recommends "$package" >/dev/null 2>&1 ||
            echo "install-deps.sh: cannot install $package" >&2
    done
fi
rm -f "$said"
