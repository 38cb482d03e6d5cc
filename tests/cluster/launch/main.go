// Command launch starts etcd and an API server on free ports, with -node also a controller manager, a scheduler and a
// node, says where they are, and ends all of it when its standard input closes.
//
// The test process holds the other end of that input. So the servers end when the tests end, also when the tests
// panic or are killed, and no process is ever looked for by its name.
//
//	launch [-node FOLDER] [-stay FOLDER] ASSETS
//	launch sweep FOLDER
//
// ASSETS is a folder with etcd and kube-apiserver. When all is ready, one line of JSON stands on standard
// output (type ready); each further line of its input is an order (obey) that it answers by a line. What the servers say goes to log
// files in its folder, and to standard error if the start fails.
// With -stay the cluster lives in that folder, and until a signal. sweep removes what a cluster left whose launch was killed.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// ready is the line that tells where the cluster is.
type ready struct {
	// Server is the API server's URL.
	Server string `json:"server"`
	// Kubeconfig is the path of a file with a context for each user.
	Kubeconfig string `json:"kubeconfig"`
	// Folder holds data, certificates and logs; it goes when launch ends.
	Folder string `json:"folder"`
	// Node is the node's name, if there is one.
	Node string `json:"node,omitempty"`
	// Seconds are those from the start until all of it was ready.
	Seconds float64 `json:"seconds"`
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == insideName {
		fail(inside(os.Args[2]))
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "sweep" {
		fail(sweep(os.Args[2]))
		return
	}
	node := flag.String("node", "", "the folder with kubelet, containerd and the rest of a node's programs: starts a node")
	stay := flag.String("stay", "", "the folder to live in, until a signal")
	flag.Parse()
	// Where ip and busybox are, whatever the shell of the caller thinks.
	_ = os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/usr/bin:/sbin:/bin")
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: launch [-node FOLDER] [-stay FOLDER] ASSETS")
		os.Exit(2)
	}
	fail(run(flag.Arg(0), *node, *stay))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "launch:", err)
		os.Exit(1)
	}
}

func run(assets, node, stay string) error {
	begun := time.Now()
	folder, lock, err := makeFolder(stay)
	if err != nil {
		return err
	}
	defer lock.Close()
	defer func() { _ = sweepLocked(folder) }()

	wanted, unwant := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer unwant()
	orders := make(chan string)
	if stay == "" {
		go func() {
			for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
				orders <- lines.Text()
			}
			unwant()
		}()
	}

	cluster, err := start(wanted, assets, node, folder)
	if err != nil {
		return err
	}
	defer cluster.stop()
	cluster.Seconds = math.Round(time.Since(begun).Seconds()*10) / 10
	if err := json.NewEncoder(os.Stdout).Encode(cluster.ready); err != nil {
		return err
	}
	for {
		select {
		case <-wanted.Done():
			return nil
		case err := <-cluster.ended:
			return fmt.Errorf("a server ended by itself: %w\n%s", err, cluster.logs())
		case order := <-orders:
			answer := "done"
			if err := cluster.obey(wanted, order); err != nil {
				answer = err.Error()
			}
			fmt.Println(answer)
		}
	}
}

// makeFolder makes the cluster's folder, and locks it for as long as this process lives. It also removes the folders of
// launches that were killed: those that nobody holds a lock on.
func makeFolder(stay string) (string, *os.File, error) {
	abandoned, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	for _, folder := range abandoned {
		_ = sweep(folder)
	}
	folder, err := stay, error(nil)
	if stay == "" {
		folder, err = os.MkdirTemp("", folderPrefix)
	} else {
		err = os.MkdirAll(stay, 0o700)
	}
	if err != nil {
		return "", nil, err
	}
	lock, err := lockFolder(folder)
	return folder, lock, err
}
