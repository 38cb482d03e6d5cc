// Command up starts etcd and an API server on free loopback ports, says where they are, and ends both when its
// standard input closes.
//
// The test process holds the other end of that input. So the servers end when the tests end, also when the tests
// panic or are killed, and no process is ever looked for by its name.
//
//	up ASSETS
//
// ASSETS is a folder with etcd and kube-apiserver. When the server is ready, one line of JSON stands on standard
// output (type ready); what the servers say goes to log files in its folder, and to standard error if the start fails.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// ready is the line that tells the tests where the server is.
type ready struct {
	// Server is the API server's URL.
	Server string `json:"server"`
	// CA is the PEM certificate that the server's own is signed by.
	CA string `json:"ca"`
	// Tokens are the bearer tokens, by user.
	Tokens map[string]string `json:"tokens"`
	// Kubeconfig is the path of a file for the user admin.
	Kubeconfig string `json:"kubeconfig"`
	// Folder holds data, certificates and logs; it goes when up ends.
	Folder string `json:"folder"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: up ASSETS")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "up:", err)
		os.Exit(1)
	}
}

func run(assets string) error {
	folder, err := os.MkdirTemp("", "plimsoll-cluster-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	wanted, unwant := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		unwant()
	}()

	cluster, err := start(wanted, assets, folder)
	if err != nil {
		return err
	}
	defer cluster.stop()
	if err := json.NewEncoder(os.Stdout).Encode(cluster.ready); err != nil {
		return err
	}
	select {
	case <-wanted.Done():
	case err := <-cluster.ended:
		return fmt.Errorf("a server ended by itself: %w\n%s", err, cluster.logs())
	}
	return nil
}
