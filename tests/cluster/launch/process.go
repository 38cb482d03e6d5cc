package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// stopTimeout is how long a server may take to end by itself before it is killed.
const stopTimeout = 5 * time.Second

// server is one child process.
type server struct {
	name    string
	process *os.Process
	gone    chan struct{}
	// expected is set before it is made to end.
	expected atomic.Bool
}

// spawn starts assets/name with its output in a log file of folder. Its end is told to ended.
func spawn(assets, folder, name string, ended chan<- error, args ...string) (*server, error) {
	return spawnCommand(folder, name, ended, exec.Command(filepath.Join(assets, name), args...))
}

func spawnCommand(folder, name string, ended chan<- error, command *exec.Cmd) (*server, error) {
	s := &server{name: name, gone: make(chan struct{})}
	log, err := os.Create(filepath.Join(folder, name+".log"))
	if err != nil {
		return nil, err
	}
	command.Stdout, command.Stderr = log, log
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	// A process group of its own, so that an interrupt at the terminal reaches only us, and we end it in order.
	command.SysProcAttr.Setpgid, command.SysProcAttr.Pdeathsig = true, syscall.SIGKILL
	started := make(chan error)
	go func() {
		// The kernel ends the child with the thread that made it, not with the process: keep the thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		log.Close()
		started <- err
		if err != nil {
			return
		}
		err = command.Wait()
		close(s.gone)
		if err == nil {
			err = errors.New("exit status 0")
		}
		if !s.expected.Load() {
			ended <- fmt.Errorf("%s: %w", name, err)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	s.process = command.Process
	return s, nil
}

// stop asks, waits, and kills. It returns when the process is gone.
func (s *server) stop() {
	s.expected.Store(true)
	_ = s.process.Signal(syscall.SIGTERM)
	select {
	case <-s.gone:
		return
	case <-time.After(stopTimeout):
	}
	s.kill()
}

// kill doesn't ask. It returns when the process is gone; for the node's first process that means all others of the node.
func (s *server) kill() {
	s.expected.Store(true)
	_ = s.process.Kill()
	<-s.gone
}

func lastLines(file string, count int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return string(bytes.Join(lines, []byte("\n")))
}
