package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// stopTimeout is how long a server may take to end by itself before it is killed.
const stopTimeout = 5 * time.Second

// server is one child process.
type server struct {
	name    string
	log     string
	process *os.Process
	gone    chan struct{}
}

// spawn starts assets/name with its output in a log file of folder. Its end is told to ended.
func spawn(assets, folder, name string, ended chan<- error, args ...string) (*server, error) {
	s := &server{name: name, log: filepath.Join(folder, name+".log"), gone: make(chan struct{})}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	command := exec.Command(filepath.Join(assets, name), args...)
	command.Stdout, command.Stderr = log, log
	// A process group of its own, so that an interrupt at the terminal reaches only us, and we end it in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
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
		ended <- command.Wait()
		close(s.gone)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	s.process = command.Process
	return s, nil
}

// stop asks, waits, and kills. It returns when the process is gone.
func (s *server) stop() {
	_ = s.process.Signal(syscall.SIGTERM)
	select {
	case <-s.gone:
		return
	case <-time.After(stopTimeout):
	}
	_ = s.process.Kill()
	<-s.gone
}

func (s *server) lastLines(count int) string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return string(bytes.Join(lines, []byte("\n")))
}
