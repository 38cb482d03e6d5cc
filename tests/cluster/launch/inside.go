package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	containerdSocket = "/run/containerd/containerd.sock"
	// registryAddress is where every image that isn't on the node is asked for.
	registryAddress = "127.0.0.1:5000"
)

// hiddenFolders are those of the host that the node's processes write to, whatever one tells them: they get empty ones.
var hiddenFolders = []string{"/run", "/var/log", "/var/lib/cni"}

// inside is the first process of a node: it makes the mounts and the network, and starts containerd and the kubelet. It
// ends, and all others with it, when one of them does.
func inside(file string) error {
	// What ends launch at a terminal must not end the node before it.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP)
	// The line says that the cable is there and all files are written.
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return errors.New("launch ended first")
	}
	var n node
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		return err
	}
	for _, step := range []func() error{n.mounts, n.Subnet.connectInside, n.writeFiles, answerPulls} {
		if err := step(); err != nil {
			return err
		}
	}
	children := reap()
	containerd, err := children.start(n.log("containerd"), filepath.Join(n.Assets, "containerd"), "--config", n.path("containerd.toml"))
	if err != nil {
		return err
	}
	if err := n.importImages(children, containerd); err != nil {
		return err
	}
	kubelet, err := children.start(n.log("kubelet"), filepath.Join(n.Assets, "kubelet"),
		"--config", n.path("kubelet.yaml"), "--kubeconfig", n.path("kubelet.kubeconfig"),
		"--root-dir", n.path("kubelet"), "--cert-dir", n.path("kubelet/pki"), "--volume-plugin-dir", n.path("kubelet/plugins-exec"),
		"--hostname-override", n.Name, "--node-ip", n.Subnet.node(), "--v", "1")
	if err != nil {
		return err
	}
	select {
	case status := <-containerd:
		return fmt.Errorf("containerd ended: %s", shown(status))
	case status := <-kubelet:
		return fmt.Errorf("the kubelet ended: %s", shown(status))
	}
}

func (n *node) path(name string) string { return filepath.Join(n.Folder, name) }
func (n *node) log(name string) string  { return n.path(name + ".log") }

// mounts gives the node what it needs of a machine's own: the processes in /proc, and empty folders for what is written
// at fixed places. Nothing of it is seen outside.
func (n *node) mounts() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("can't separate the mounts: %w", err)
	}
	// Containers that ask for mount propagation get it from the node, not from the host.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return fmt.Errorf("can't share the mounts: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("can't mount /proc: %w", err)
	}
	for _, folder := range hiddenFolders {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("can't mount %s: %w", folder, err)
		}
	}
	return n.coverSettings()
}

// coverSettings covers the kernel's settings that a kubelet insists on by files with the values that it wants, so that
// it doesn't change those of the host.
func (n *node) coverSettings() error {
	wanted := map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
	for name, value := range wanted {
		cover := n.path("sysctl/" + name)
		setting := "/proc/sys/" + name
		if _, err := os.Stat(setting); err != nil {
			continue
		}
		if err := writeFile(cover, value+"\n"); err != nil {
			return err
		}
		if err := syscall.Mount(cover, setting, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("can't cover %s: %w", setting, err)
		}
	}
	return nil
}

// answerPulls is a registry that has no image, so that a missing one is told at once and nothing is asked of the Internet.
func answerPulls() error {
	listener, err := net.Listen("tcp", registryAddress)
	if err != nil {
		return err
	}
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
			answer.Header().Set("Content-Type", "application/json")
			answer.WriteHeader(http.StatusNotFound)
			fmt.Fprintln(answer, `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`)
		}))
	}()
	return nil
}

// importImages waits for containerd and gives it the images. That is before the kubelet starts, so no pod misses one.
func (n *node) importImages(children *reaper, containerd <-chan syscall.WaitStatus) error {
	archive := n.path("images.tar")
	if err := writeImages(archive, n.Assets); err != nil {
		return err
	}
	deadline := time.Now().Add(startTimeout)
	for {
		connection, err := net.Dial("unix", containerdSocket)
		if err == nil {
			connection.Close()
			break
		}
		select {
		case status := <-containerd:
			return fmt.Errorf("containerd ended: %s", shown(status))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return errors.New("containerd is not ready in time")
		}
	}
	importing, err := children.start(n.log("import"), filepath.Join(n.Assets, "ctr"), "--address", containerdSocket,
		"--namespace", "k8s.io", "images", "import", "--local", "--snapshotter", snapshotter, archive)
	if err != nil {
		return err
	}
	if status := <-importing; status != 0 {
		return fmt.Errorf("ctr can't import the images: %s\n%s", shown(status), lastLines(n.log("import"), 15))
	}
	return os.Remove(archive)
}
