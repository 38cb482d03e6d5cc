package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	// insideName is the name under which launch starts itself as the first process of a node.
	insideName = "inside"
	nodeName   = "plimsoll-node"
	// kubeletUser is who the Node authorizer takes for that node.
	kubeletUser = "system:node:" + nodeName
)

// node is what the process inside the node must know, and what the API server must know about the node.
type node struct {
	Name   string
	Subnet subnet
	// Assets holds the node's programs.
	Assets string
	// Folder is the cluster's.
	Folder string
	// Runc and Plugins are where Debian's packages put them.
	Runc    string
	Plugins string
	// goAhead is written to when all files that the node reads are written.
	goAhead *os.File
}

// placeNode makes the node's place: a process in namespaces of its own for processes, mounts and network, with a cable to
// the host.
//
// That process is the first of its namespace, so whenever it ends, by itself, by stop or because launch was killed,
// the kernel ends all others of the node, and takes away its mounts, its network and the cable.
func (c *cluster) placeNode(assets string) (*node, error) {
	n := &node{Name: nodeName, Assets: assets, Folder: c.Folder}
	if err := n.findPrograms(); err != nil {
		return nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, insideName, n.file())
	command.Stdin = reader
	command.Env = append(os.Environ(), "PATH="+assets+":"+os.Getenv("PATH"))
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET}
	process, err := spawnCommand(c.Folder, insideName, c.ended, command)
	if errors.Is(err, syscall.EPERM) {
		return nil, errors.New("a node needs root, and the right to make namespaces (CAP_SYS_ADMIN)")
	}
	if err != nil {
		return nil, err
	}
	c.servers = append(c.servers, process)
	n.goAhead = writer
	n.Subnet, err = connect(process.process.Pid)
	return n, err
}

func (n *node) file() string { return filepath.Join(n.Folder, "node.json") }

// startNode writes what the kubelet reads, and lets the node's process go ahead.
func (c *cluster) startNode(n *node) error {
	if _, err := c.credits.writeKubeconfig(c.Folder, "kubelet.kubeconfig", c.inside, kubeletUser); err != nil {
		return err
	}
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := os.WriteFile(n.file(), text, 0o600); err != nil {
		return err
	}
	_, err = n.goAhead.WriteString("\n")
	return err
}

// findPrograms finds what isn't built but installed.
func (n *node) findPrograms() error {
	for _, name := range []string{"/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc"} {
		if _, err := os.Stat(name); err == nil {
			n.Runc = name
			break
		}
	}
	for _, folder := range []string{"/usr/lib/cni", "/opt/cni/bin"} {
		if _, err := os.Stat(filepath.Join(folder, "ptp")); err == nil {
			n.Plugins = folder
			break
		}
	}
	if n.Runc == "" || n.Plugins == "" {
		return errors.New("a node needs the Debian packages runc and containernetworking-plugins")
	}
	// A node has these folders to itself, so nothing that it reads may lie there.
	for _, path := range []string{n.Assets, n.Folder} {
		for _, hidden := range hiddenFolders {
			if strings.HasPrefix(path, hidden+"/") {
				return fmt.Errorf("a node can't read `%s`, since it has a `%s` of its own: set TMPDIR and XDG_CACHE_HOME to other places", path, hidden)
			}
		}
	}
	return nil
}
