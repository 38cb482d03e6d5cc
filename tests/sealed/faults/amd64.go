//go:build amd64

package main

import "syscall"

const renameat2 = 316

var calls = map[int64]string{
	syscall.SYS_OPENAT: "open", syscall.SYS_WRITE: "write", syscall.SYS_PWRITE64: "write", syscall.SYS_FSYNC: "fsync",
	syscall.SYS_FDATASYNC: "fsync", syscall.SYS_RENAME: "rename", syscall.SYS_RENAMEAT: "rename", renameat2: "rename",
	syscall.SYS_LINK: "rename", syscall.SYS_LINKAT: "rename", syscall.SYS_UNLINK: "unlink", syscall.SYS_UNLINKAT: "unlink",
}

func registers(thread int) (registers syscall.PtraceRegs) {
	check(syscall.PtraceGetRegs(thread, &registers))
	return registers
}

func getCall(thread int) (int64, [3]uint64) {
	registers := registers(thread)
	return int64(registers.Orig_rax), [3]uint64{registers.Rdi, registers.Rsi, registers.Rdx}
}

func setCall(thread int, number int64) {
	registers := registers(thread)
	registers.Orig_rax = uint64(number)
	check(syscall.PtraceSetRegs(thread, &registers))
}

func setResult(thread, result int) {
	registers := registers(thread)
	registers.Rax = uint64(int64(result))
	check(syscall.PtraceSetRegs(thread, &registers))
}
