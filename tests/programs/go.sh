#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A Go program: built in the cell, then goroutines, timers, child processes, HTTP, files, signals.
# cases: build run
# seconds: 180
. tests/programs/lib.sh
need go

input go.mod <<'EOF'
module example.org/demo

go 1.19
EOF
input main.go <<'EOF'
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func goroutines() {
	var total int64
	var group sync.WaitGroup
	jobs, results := make(chan int), make(chan int, 100)
	for i := 0; i < 50; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range jobs {
				atomic.AddInt64(&total, int64(n))
				results <- n * n
			}
		}()
	}
	go func() {
		for i := 0; i < 5000; i++ {
			jobs <- i
		}
		close(jobs)
		group.Wait()
		close(results)
	}()
	sum := 0
	for n := range results {
		sum += n
	}
	fmt.Println(total, sum)
}

// Goroutines that never yield are interrupted by signals that the runtime sends itself.
func preemption() {
	old := runtime.GOMAXPROCS(1)
	stop := int32(0)
	go func() {
		for atomic.LoadInt32(&stop) == 0 {
		}
	}()
	time.Sleep(20 * time.Millisecond)
	atomic.StoreInt32(&stop, 1)
	runtime.GOMAXPROCS(old)
	fmt.Println("preempted")
}

func garbage() {
	kept := map[int][]byte{}
	for i := 0; i < 200000; i++ {
		kept[i%1000] = make([]byte, 1024)
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Println(len(kept), stats.NumGC > 1)
}

func web() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.Path, len(body))
	})}
	go server.Serve(listener)
	var group sync.WaitGroup
	answers := make([]string, 50)
	for i := range answers {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			r, err := http.Post(fmt.Sprintf("http://%s/%d", listener.Addr(), i), "text/plain", strings.NewReader(strings.Repeat("x", i*100)))
			if err != nil {
				answers[i] = err.Error()
				return
			}
			text, _ := io.ReadAll(r.Body)
			r.Body.Close()
			answers[i] = string(text)
		}(i)
	}
	group.Wait()
	fmt.Println(answers[0], answers[49])
	server.Shutdown(context.Background())
}

func children() {
	out, err := exec.Command("sh", "-c", "echo $0 $1; exit 3", "zero", "one").Output()
	fmt.Printf("%s%v\n", out, err)
	cat := exec.Command("cat")
	cat.Stdin = strings.NewReader(strings.Repeat("y", 300000))
	out, err = cat.Output()
	fmt.Println(len(out), err)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	fmt.Println(exec.CommandContext(ctx, "sleep", "10").Run())
	_, err = exec.LookPath("no-such-program")
	fmt.Println(errors.Is(err, exec.ErrNotFound))
}

func files() {
	os.MkdirAll("d/e", 0o755)
	for i := 0; i < 20; i++ {
		os.WriteFile(filepath.Join("d/e", fmt.Sprint(i)), bytes.Repeat([]byte("z"), i*1000), 0o644)
	}
	var names []string
	filepath.Walk("d", func(p string, i os.FileInfo, _ error) error {
		names = append(names, fmt.Sprint(p, i.Size()*int64(map[bool]int{false: 1}[i.IsDir()])))
		return nil
	})
	sort.Strings(names)
	fmt.Println(len(names), names[5])
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	fmt.Fprint(w, strings.Repeat("abc", 1000))
	w.Close()
	r, _ := gzip.NewReader(&packed)
	text, _ := io.ReadAll(r)
	fmt.Printf("%d %x\n", len(text), sha256.Sum256(text))
	_, err := os.Open("none")
	fmt.Println(err)
}

func signals() {
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-got)
	select {
	case <-got:
		fmt.Println("twice")
	case <-time.After(30 * time.Millisecond):
		fmt.Println("timeout")
	}
	defer func() { fmt.Println("recovered:", recover()) }()
	var nothing *struct{ n int }
	fmt.Println(nothing.n)
}

func main() {
	fmt.Println(runtime.GOOS, runtime.GOARCH, len(os.Args), runtime.NumCPU() > 0)
	goroutines()
	preemption()
	garbage()
	web()
	children()
	files()
	signals()
	os.Exit(9)
}
EOF
case $1 in
build)
    input script <<'EOF'
export GOCACHE=$HOME/cache GOPATH=$HOME/go GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPROXY=off CGO_ENABLED=0
go vet . && go build -o small ./small && ./small; echo $?; go env GOOS; go run ./wrong; echo $?; go list -m
EOF
    mkdir "$input/small" "$input/wrong"
    printf 'package main\n\nfunc main() {\n\tprintln("small")\n}\n' >"$input/small/main.go"
    printf 'package main\n\nfunc main() {\n\tx := 1\n}\n' >"$input/wrong/main.go"
    seconds=80
    compare bash script
    passes linux
    ;;
run)
    (cd "$input" && GOCACHE=$TEST_TMP/cache GOPATH=$TEST_TMP/go GOPROXY=off CGO_ENABLED=0 go build -o static . &&
        GOCACHE=$TEST_TMP/cache GOPATH=$TEST_TMP/go GOPROXY=off CGO_ENABLED=1 go build -o dynamic .) || exit 1
    chmod -R u+w "$TEST_TMP/go" 2>/dev/null
    filter="sed -E 's/0x[0-9a-f]+/X/g'"
    compare ./static
    passes 'recovered:'
    compare ./dynamic
    ;;
esac
