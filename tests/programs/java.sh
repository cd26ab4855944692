#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# OpenJDK: compile and run; threads, JIT, collector, files, sockets, child processes, exceptions.
# seconds: 180
. tests/programs/lib.sh
need java javac

input Main.java <<'EOF'
import java.io.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.stream.*;

public class Main {
    record Point(int x, int y) {}

    static int fib(int n) {
        return n < 2 ? n : fib(n - 1) + fib(n - 2);
    }

    static void threads() throws Exception {
        var total = new AtomicLong();
        var pool = Executors.newFixedThreadPool(16);
        var futures = new ArrayList<Future<Integer>>();
        for (int i = 0; i < 200; i++) {
            int n = i;
            futures.add(pool.submit(() -> { total.addAndGet(n); return fib(n % 20); }));
        }
        int sum = 0;
        for (var f : futures) sum += f.get();
        pool.shutdown();
        System.out.println(total + " " + sum + " " + pool.awaitTermination(5, TimeUnit.SECONDS));
        System.out.println(IntStream.range(0, 1000000).parallel().filter(n -> n % 7 == 0).asLongStream().sum());
        var lock = new Object();
        var waiter = new Thread(() -> { synchronized (lock) { try { lock.wait(30000); } catch (InterruptedException e) { System.out.println("interrupted"); } } });
        waiter.start();
        Thread.sleep(50);
        waiter.interrupt();
        waiter.join();
    }

    static void collector() {
        var kept = new ArrayList<byte[]>();
        for (int i = 0; i < 100000; i++) {
            var block = new byte[4096];
            if (i % 1000 == 0) kept.add(block);
        }
        System.gc();
        System.out.println(kept.size() + " " + (Runtime.getRuntime().totalMemory() > 0));
    }

    static void network() throws Exception {
        try (var server = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            var thread = new Thread(() -> {
                try (var c = new Socket("127.0.0.1", server.getLocalPort())) {
                    c.getOutputStream().write("hello\n".getBytes());
                    System.out.println(new BufferedReader(new InputStreamReader(c.getInputStream())).readLine());
                } catch (IOException e) {
                    System.out.println(e);
                }
            });
            thread.start();
            try (var s = server.accept()) {
                var line = new BufferedReader(new InputStreamReader(s.getInputStream())).readLine();
                s.getOutputStream().write((line.toUpperCase() + "\n").getBytes());
            }
            thread.join();
        }
    }

    static void files() throws Exception {
        Files.createDirectories(Path.of("d/e"));
        Files.writeString(Path.of("d/e/f"), "line\n".repeat(1000));
        try (var channel = FileChannel.open(Path.of("d/e/f"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            var map = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size());
            map.put(0, (byte) 'L');
            map.force();
        }
        try (var walk = Files.walk(Path.of("d"))) {
            System.out.println(walk.map(Path::toString).sorted().toList());
        }
        System.out.println(Files.readAllLines(Path.of("d/e/f")).get(0) + " " + Files.size(Path.of("d/e/f")));
    }

    static void children() throws Exception {
        var p = new ProcessBuilder("sh", "-c", "cat; exit 4").redirectErrorStream(true).start();
        p.getOutputStream().write("to a child\n".getBytes());
        p.getOutputStream().close();
        System.out.println(new String(p.getInputStream().readAllBytes()).trim() + " " + p.waitFor());
        var sleeper = new ProcessBuilder("sleep", "30").start();
        sleeper.destroy();
        System.out.println(sleeper.waitFor());
    }

    static int deep(int n) {
        return deep(n + 1) + 1;
    }

    public static void main(String[] args) throws Exception {
        System.out.println(System.getProperty("os.name") + " " + args.length + " " + fib(30) + " " + new Point(1, 2));
        threads();
        collector();
        network();
        files();
        children();
        try {
            deep(0);
        } catch (StackOverflowError e) {
            System.out.println("overflow");
        }
        try {
            ((String) null).length();
        } catch (NullPointerException e) {
            System.out.println("null");
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
        System.exit(6);
    }
}
EOF
seconds=80
compare bash -c 'javac -d out Main.java; echo $?; ls out | sort; java -cp out Main one two; echo $?'
passes '^hook$'
compare java -Xint -Xmx64m -XX:+UseSerialGC -XX:-UsePerfData Main.java
passes '^hook$'
