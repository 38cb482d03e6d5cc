package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const (
	folderPrefix = "plimsoll-cluster-"
	// lockName is the file that a launch holds a lock on while it lives. The kernel lets go of it, however launch ends.
	lockName = "lock"
	// tasks are where containerd keeps a folder for each container, named as the container's cgroup, in the folder of an attempt.
	tasks = "*/containerd/io.containerd.runtime.v2.task/*/*"
	// sweepTimeout is how long the kernel may take to empty a cgroup whose processes were killed.
	sweepTimeout = 10 * time.Second
)

var errHeld = errors.New("its launch is still running")

// lockFolder takes the lock of a cluster's folder, or says errHeld.
func lockFolder(folder string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(folder, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("%s: %w", folder, errHeld)
	}
	return lock, nil
}

// sweep removes what a killed launch left: its processes, namespaces and mounts went with it, the node's cgroups and the
// folder didn't. A folder whose launch lives stays as it is.
//
// Between the making of a folder and its lock there is a moment in which another launch could take it for abandoned; a
// folder without a lock file is therefore left alone.
func sweep(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, lockName)); err != nil {
		return nil
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return err
	}
	defer lock.Close()
	return sweepLocked(folder)
}

func sweepLocked(folder string) error {
	var failed error
	containers, _ := filepath.Glob(filepath.Join(folder, tasks))
	for _, container := range containers {
		// containerd puts a container's cgroup below one that is named as its namespace, in each hierarchy.
		path := filepath.Join(filepath.Base(filepath.Dir(container)), filepath.Base(container))
		failed = errors.Join(failed, removeCgroups(path))
		// The namespace's own goes with the last container of the machine.
		others, _ := filepath.Glob(filepath.Join("/sys/fs/cgroup", "*", filepath.Dir(path)))
		for _, parent := range append(others, filepath.Join("/sys/fs/cgroup", filepath.Dir(path))) {
			_ = syscall.Rmdir(parent)
		}
	}
	return errors.Join(failed, os.RemoveAll(folder))
}

// removeCgroups removes a cgroup and all below it in each hierarchy. The processes in it are dead or about to be.
func removeCgroups(path string) error {
	deadline := time.Now().Add(sweepTimeout)
	for {
		err := removeCgroupsOnce(path)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func removeCgroupsOnce(path string) error {
	// The hierarchies of version 1, version 2 beside them, and version 2 alone.
	roots, _ := filepath.Glob(filepath.Join("/sys/fs/cgroup", "*", path))
	roots = append(roots, filepath.Join("/sys/fs/cgroup", path))
	var failed error
	for _, root := range roots {
		var folders []string
		_ = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				folders = append(folders, path)
			}
			return nil
		})
		// Children stand behind their parent.
		slices.Reverse(folders)
		for _, folder := range folders {
			if err := syscall.Rmdir(folder); err != nil && !errors.Is(err, syscall.ENOENT) {
				failed = fmt.Errorf("can't remove the cgroup %s: %w", folder, err)
			}
		}
	}
	return failed
}
