package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reaper waits for every process that ends: the first process of a namespace inherits all that lost their parents.
// Nobody else in this process may wait for a child, so os/exec is not to be used beside it.
type reaper struct {
	lock    sync.Mutex
	waiting map[int]chan syscall.WaitStatus
}

func reap() *reaper {
	r := &reaper{waiting: map[int]chan syscall.WaitStatus{}}
	ended := make(chan os.Signal, 64)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			r.collect()
		}
	}()
	return r
}

func (r *reaper) collect() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		r.lock.Lock()
		if waiting, ours := r.waiting[pid]; ours {
			waiting <- status
			delete(r.waiting, pid)
		}
		r.lock.Unlock()
	}
}

// start starts a program with its output in a log file. Its end comes through the channel.
func (r *reaper) start(log, program string, args ...string) (<-chan syscall.WaitStatus, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer nothing.Close()
	// While the lock is held nobody takes the end of a child that isn't known yet.
	r.lock.Lock()
	defer r.lock.Unlock()
	pid, err := syscall.ForkExec(program, append([]string{program}, args...), &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{nothing.Fd(), file.Fd(), file.Fd()}, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("can't start %s: %w", program, err)
	}
	ended := make(chan syscall.WaitStatus, 1)
	r.waiting[pid] = ended
	return ended, nil
}

func shown(status syscall.WaitStatus) string {
	if status.Signaled() {
		return status.Signal().String()
	}
	return fmt.Sprint("exit status ", status.ExitStatus())
}
