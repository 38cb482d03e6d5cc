package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// users are those of the token file. Only the first and those of the machinery have any right by themselves.
var users = []struct{ name, group string }{
	{"admin", "system:masters"},
	{"deployer", ""},
	{"reviewer", ""},
	{"stranger", ""},
	{"system:kube-scheduler", ""},
	{kubeletUser, "system:nodes"},
}

// people are the users that tests and newcomers act as: each has a context in the kubeconfig.
var people = []string{"admin", "deployer", "reviewer", "stranger"}

// startTimeout is generous: two servers on two busy cores are ready in seconds, not in a minute.
const startTimeout = 180 * time.Second

const apiServer = "kube-apiserver"

// cluster is a running etcd and API server, and what runs beside them where there is a node.
type cluster struct {
	ready
	// ended gets the error of a server that ends before stop.
	ended   chan error
	servers []*server
	// startAPI starts the API server, as it was started before.
	startAPI func() (*server, error)
	credits  *credentials
	client   *http.Client
	// inside is the API server's URL as the node sees it: its network namespace has a loopback interface of its own.
	inside string
}

// start brings all up. A port that somebody took between its choice and its use is chosen anew, three times.
func start(wanted context.Context, assets, nodeAssets, folder string) (*cluster, error) {
	var last error
	for attempt := range 3 {
		folder := filepath.Join(folder, fmt.Sprint("try-", attempt))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		c := &cluster{ended: make(chan error, 8), ready: ready{Folder: folder}}
		err := c.startOnce(wanted, assets, nodeAssets)
		if err == nil {
			return c, nil
		}
		c.stop()
		last = fmt.Errorf("%w\n%s", err, c.logs())
		if wanted.Err() != nil {
			break
		}
	}
	return nil, last
}

func (c *cluster) startOnce(wanted context.Context, assets, nodeAssets string) error {
	address, place := "127.0.0.1", (*node)(nil)
	if nodeAssets != "" {
		var err error
		if place, err = c.placeNode(nodeAssets); err != nil {
			return err
		}
		address = place.Subnet.host()
	}
	var err error
	if c.credits, err = makeCredentials(c.Folder, address); err != nil {
		return err
	}
	c.client = &http.Client{Transport: &http.Transport{TLSClientConfig: c.credits.clientTLS()}, Timeout: 5 * time.Second}
	if err := c.startServers(assets, address, place); err != nil {
		return err
	}
	if c.Kubeconfig, err = c.credits.writeKubeconfig(c.Folder, "kubeconfig", c.Server, people...); err != nil {
		return err
	}
	// The node needs no API server to start, so both start at once.
	if place != nil {
		if err := c.startNode(place); err != nil {
			return err
		}
	}
	if err := c.await(wanted, "the API server", c.answers("/readyz", "/api/v1/namespaces/default")); err != nil {
		return err
	}
	if place == nil {
		return nil
	}
	if err := c.startControllers(place); err != nil {
		return err
	}
	c.Node = place.Name
	return c.await(wanted, "the node", func() bool {
		return c.nodeReady(place.Name) && c.answers("/api/v1/namespaces/default/serviceaccounts/default",
			"/api/v1/namespaces/default/configmaps/kube-root-ca.crt")()
	})
}

func (c *cluster) spawn(assets, name string, args ...string) error {
	return c.add(spawn(assets, c.Folder, name, c.ended, args...))
}

func (c *cluster) add(s *server, err error) error {
	if err == nil {
		c.servers = append(c.servers, s)
	}
	return err
}

// obey does what a line of standard input says: "kill" ends the API server without asking it, "start" starts it again at the
// same port and waits until it is ready.
func (c *cluster) obey(wanted context.Context, line string) error {
	running := slices.IndexFunc(c.servers, func(s *server) bool { return s.name == apiServer })
	switch {
	case line == "kill" && running >= 0:
		c.servers[running].kill()
		c.servers = slices.Delete(c.servers, running, running+1)
		return nil
	case line == "start" && running < 0:
		if err := c.add(c.startAPI()); err != nil {
			return err
		}
		return c.await(wanted, "the API server", c.answers("/readyz"))
	}
	return fmt.Errorf("can't %q: say kill while the API server runs, or start while it doesn't", line)
}

func (c *cluster) startServers(assets, address string, place *node) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	etcdURL := fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	peerURL := fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	c.Server = fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	c.inside = fmt.Sprintf("https://%s:%d", address, ports[2])
	bind := "127.0.0.1"
	if place != nil {
		bind = "0.0.0.0"
	}

	err = c.spawn(assets, "etcd",
		"--data-dir", filepath.Join(c.Folder, "etcd"),
		"--listen-client-urls", etcdURL, "--advertise-client-urls", etcdURL,
		"--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL, "--initial-cluster", "default="+peerURL,
		// The data goes with the folder, so nothing is lost with a write that never reached the disk.
		"--unsafe-no-fsync", "--log-level", "warn")
	if err != nil {
		return err
	}
	creds := c.credits
	args := []string{
		"--etcd-servers", etcdURL,
		"--bind-address", bind, "--secure-port", fmt.Sprint(ports[2]),
		"--tls-cert-file", creds.serverCert, "--tls-private-key-file", creds.serverKey, "--cert-dir", c.Folder,
		"--service-account-issuer", "https://plimsoll.example", "--service-account-key-file", creds.accountKey,
		"--service-account-signing-key-file", creds.accountKey,
		"--token-auth-file", creds.tokens, "--allow-privileged=true", "--anonymous-auth=false",
		"--service-cluster-ip-range", "10.0.0.0/16",
		// No priority levels to wait for at the start, none to be throttled by.
		"--enable-priority-and-fairness=false",
		"--v", "0",
	}
	if place == nil {
		// Without a controller manager no namespace gets its default service account, and no pod would be accepted.
		args = append(args, "--authorization-mode", "RBAC", "--disable-admission-plugins", "ServiceAccount")
	} else {
		args = append(args, "--authorization-mode", "Node,RBAC", "--advertise-address", address,
			"--kubelet-preferred-address-types", "InternalIP",
			"--kubelet-client-certificate", creds.clientCert, "--kubelet-client-key", creds.clientKey)
	}
	c.startAPI = func() (*server, error) { return spawn(assets, c.Folder, apiServer, c.ended, args...) }
	return c.add(c.startAPI())
}

// await asks until the answer is yes.
func (c *cluster) await(wanted context.Context, what string, ready func() bool) error {
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		select {
		case err := <-c.ended:
			return fmt.Errorf("a server ended while starting: %w", err)
		case <-wanted.Done():
			return wanted.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if ready() {
			return nil
		}
	}
	return fmt.Errorf("%s is not ready in time", what)
}

// answers says whether each path is answered with 200.
func (c *cluster) answers(paths ...string) func() bool {
	return func() bool {
		for _, path := range paths {
			response, err := c.get(path)
			if err != nil {
				return false
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				return false
			}
		}
		return true
	}
}

func (c *cluster) get(path string) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, c.Server+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.credits.byUser["admin"])
	return c.client.Do(request)
}

// stop ends the last one first: each complains at length about an API server or an etcd that is gone.
func (c *cluster) stop() {
	for _, s := range slices.Backward(c.servers) {
		if s.name == insideName {
			s.kill()
		} else {
			s.stop()
		}
	}
}

// logs are the last lines of each server.
func (c *cluster) logs() string {
	var all strings.Builder
	files, _ := filepath.Glob(filepath.Join(c.Folder, "*.log"))
	for _, file := range files {
		fmt.Fprintf(&all, "--- %s\n%s\n", filepath.Base(file), lastLines(file, 15))
	}
	return all.String()
}

// freePorts holds all of them open at once, so that they differ.
func freePorts(count int) ([]int, error) {
	var ports []int
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func randomToken() (string, error) {
	bits := make([]byte, 16)
	if _, err := rand.Read(bits); err != nil {
		return "", err
	}
	return hex.EncodeToString(bits), nil
}
