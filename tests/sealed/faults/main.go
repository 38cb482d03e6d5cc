// Faults runs a program and disturbs one system call of it: kills the program there, or lets the call fail.
//
//	faults CALL N FAULT PROGRAM ARGUMENT…
//
// CALL is open (for writing), write (to a file), fsync, rename or unlink; N counts from 1; FAULT is kill or an error
// number. The exit code is the program's (137 after kill), or 99 if it made fewer than N such calls: then nothing was disturbed.
// A program of its own in Go, because ptrace can't be had in safe Rust, and Go is there anyway; Linux on amd64.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
)

const notReached = 99

func main() {
	if len(os.Args) < 5 {
		fail("usage: faults CALL N kill|ERRNO PROGRAM ARGUMENT...")
	}
	nth, err := strconv.Atoi(os.Args[2])
	check(err)
	errno := 0
	if os.Args[3] != "kill" {
		errno, err = strconv.Atoi(os.Args[3])
		check(err)
	}
	// ptrace belongs to a thread.
	runtime.LockOSThread()
	command := exec.Command(os.Args[4], os.Args[5:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	check(command.Start())
	var status syscall.WaitStatus
	_, err = syscall.Wait4(command.Process.Pid, &status, 0, nil)
	check(err)
	options := syscall.PTRACE_O_TRACESYSGOOD | syscall.PTRACE_O_TRACECLONE | 0x100000 // PTRACE_O_EXITKILL
	check(syscall.PtraceSetOptions(command.Process.Pid, options))
	check(syscall.PtraceSyscall(command.Process.Pid, 0))
	os.Exit(trace(command.Process.Pid, os.Args[1], nth, errno))
}

// trace lets all threads run from call to call until the main one ends.
func trace(main int, call string, nth, errno int) int {
	inside := map[int]bool{}  // threads between the entry and the exit of a call
	failing := map[int]bool{} // threads whose call is to fail
	reached := false
	for {
		var status syscall.WaitStatus
		thread, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		check(err)
		if status.Exited() || status.Signaled() {
			delete(inside, thread)
			if thread != main {
				continue
			}
			if status.Signaled() {
				return 128 + int(status.Signal())
			}
			if !reached {
				return notReached
			}
			return status.ExitStatus()
		}
		signal := 0
		switch {
		case status.StopSignal() == syscall.SIGTRAP|0x80:
			inside[thread] = !inside[thread]
			if inside[thread] && !reached && matches(thread, call) {
				nth--
				if nth == 0 {
					reached = true
					if errno == 0 {
						check(syscall.Kill(main, syscall.SIGKILL))
						continue
					}
					failing[thread] = true
					setCall(thread, -1)
				}
			} else if !inside[thread] && failing[thread] {
				delete(failing, thread)
				setResult(thread, -errno)
			}
		case status.StopSignal() == syscall.SIGTRAP, status.StopSignal() == syscall.SIGSTOP:
			// a new thread, exec
		default:
			signal = int(status.StopSignal())
		}
		// The thread may have been killed meanwhile.
		_ = syscall.PtraceSyscall(thread, signal)
	}
}

func matches(thread int, call string) bool {
	number, arguments := getCall(thread)
	class, known := calls[number]
	if !known || class != call {
		return false
	}
	switch call {
	case "open":
		return arguments[2]&(syscall.O_WRONLY|syscall.O_RDWR) != 0
	case "write":
		return arguments[0] > 2
	}
	return true
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "faults:", message)
	os.Exit(98)
}
