#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# gcc and g++: compile, link (dynamic, static, shared objects, -flto), run what came out.
# cases: c cxx
# seconds: 300
. tests/programs/lib.sh
need gcc g++ ar
seconds=140

input main.c <<'EOF'
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int twice(int);
static __thread int own = 5;
static void *run(void *arg)
{
    own += *(int *)arg;
    return (void *)(long)own;
}
static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}
__attribute__((constructor)) static void early(void)
{
    puts("constructor");
}
int main(int argc, char **argv)
{
    int numbers[] = {5, 3, 9, 1}, arg = 37;
    void *result;
    pthread_t thread;
    qsort(numbers, 4, sizeof *numbers, compare);
    pthread_create(&thread, 0, run, &arg);
    pthread_join(thread, &result);
    printf("%d %d %ld %d %.3f %s %d\n", twice(21), numbers[0], (long)result, own, sqrt(2), argc > 1 ? argv[1] : "-",
           (int)strlen(getenv("TZ")));
    void *library = dlopen("./libplug.so", RTLD_NOW);
    if (library)
        printf("%d\n", ((int (*)(int))dlsym(library, "plug"))(2));
    return twice(11);
}
EOF
echo 'int twice(int n) { return 2 * n; }' >"$input/twice.c"
echo 'int twice(int); int plug(int n) { return n * 100; }' >"$input/plug.c"
input wrong.c <<'EOF'
int main(void) { return undeclared; }
EOF
input vectors.cc <<'EOF'
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <numeric>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>
struct Base {
    virtual ~Base() { std::cout << "~Base\n"; }
    virtual int f() const { return 1; }
};
struct Derived : Base {
    int f() const override { return 2; }
};
thread_local std::string name = "main";
int main()
{
    std::vector<int> v(1000);
    std::iota(v.begin(), v.end(), 0);
    std::cout << std::accumulate(v.begin(), v.end(), 0) << "\n";
    try {
        throw std::runtime_error("thrown");
    } catch (const std::exception &e) {
        std::cout << e.what() << "\n";
    }
    std::atomic<int> total{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; i++)
        threads.emplace_back([&, i] { name += std::to_string(i); for (int n : v) total += n % (i + 1); });
    for (auto &t : threads)
        t.join();
    std::cout << total << " " << name << "\n";
    auto future = std::async(std::launch::async, [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); return 7; });
    std::unique_ptr<Base> b = std::make_unique<Derived>();
    std::cout << future.get() << b->f() << std::regex_replace("a1b2", std::regex("[0-9]"), "#") << "\n";
    std::ofstream("out") << "written\n";
    std::ifstream in("out");
    std::string line;
    std::getline(in, line);
    std::map<std::string, int> m{{line, 1}};
    std::cout << m.begin()->first << " " << dynamic_cast<Derived *>(b.get())->f() << std::endl;
    std::thread([] { try { throw 5; } catch (int n) { std::cout << "in a thread " << n << std::endl; } }).join();
    throw std::logic_error("not caught");
}
EOF
input c <<'EOF'
gcc -O2 -Wall -c main.c twice.c && gcc -o prog main.o twice.o -lm -lpthread && ./prog one; echo $?
gcc -shared -fPIC -o libplug.so plug.c && gcc -O2 -flto -o lto main.c twice.c -lm && ./lto two; echo $?
gcc -static -o static main.c twice.c -lm 2>/dev/null && ./static three; echo $?
gcc -static-pie -O1 -o spie main.c twice.c -lm 2>/dev/null && ./spie four; echo $?
gcc -no-pie -g -o nopie main.c twice.c -lm && ./nopie five; echo $?
ar rcs libtwice.a twice.o; gcc -o ar main.o -L. -ltwice -lm && ./ar six; echo $?
gcc -shared -fPIC -o libtwice.so twice.c; gcc -o so main.o -L. -ltwice -lm -Wl,-rpath,'$ORIGIN' && ./so seven; echo $?
gcc wrong.c; echo $?; gcc none.c; echo $?; gcc -E -P -x c - <<<'#define A 1
A' ; gcc -pipe -S -O3 -o - twice.c | grep -c ret; nm libtwice.a | grep twice; strip -o s prog; ./s; echo $?; size -A prog | grep -c text
objdump -d twice.o | grep -c twice; gcc -fsanitize=undefined -x c - <<<'int main(int c, char **v) { return c << 30 << c; }' 2>/dev/null; ./a.out; echo $?
EOF
input cxx <<'EOF'
g++ -O1 -pthread -o vectors vectors.cc && ./vectors; echo $?
g++ -O1 -pthread -static -o vectors-static vectors.cc && ./vectors-static; echo $?
EOF
# What the shell says about a child that aborted holds its process id.
filter="sed -E 's/line ([0-9]+): *[0-9]+ /line \1: PID /; s/^\S*(s)?cc[A-Za-z0-9]{6}\./ccX./g; s|/tmp/cc[A-Za-z0-9]{6}|ccX|g'"
compare bash "$1"
case $1 in
c) passes '42 1 42' ;;
cxx) passes 'in a thread 5' ;;
esac
