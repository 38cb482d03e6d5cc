package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// users are those of the token file, each with its groups. Only admin has any right by itself.
var users = map[string]string{
	"admin":    "system:masters",
	"deployer": "",
	"reviewer": "",
	"stranger": "",
}

// startTimeout is generous: two servers on two busy cores are ready in seconds, not in a minute.
const startTimeout = 90 * time.Second

// cluster is a running etcd and API server.
type cluster struct {
	ready
	// ended gets the error of a server that ends before stop.
	ended   chan error
	etcd    *server
	api     *server
	credits *credentials
}

// start brings both servers up. A port that somebody took between its choice and its use is chosen anew, three times.
func start(wanted context.Context, assets, folder string) (*cluster, error) {
	creds, err := makeCredentials(folder)
	if err != nil {
		return nil, err
	}
	var last error
	for attempt := range 3 {
		c, err := startOnce(wanted, assets, filepath.Join(folder, fmt.Sprint("try-", attempt)), creds)
		if err == nil {
			c.Folder = folder
			return c, nil
		}
		last = err
		if wanted.Err() != nil {
			break
		}
	}
	return nil, last
}

func startOnce(wanted context.Context, assets, folder string, creds *credentials) (*cluster, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	c := &cluster{ended: make(chan error, 2), credits: creds}
	etcdURL := fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	peerURL := fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	c.Server = fmt.Sprintf("https://127.0.0.1:%d", ports[2])

	c.etcd, err = spawn(assets, folder, "etcd", c.ended,
		"--data-dir", filepath.Join(folder, "etcd"),
		"--listen-client-urls", etcdURL, "--advertise-client-urls", etcdURL,
		"--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL, "--initial-cluster", "default="+peerURL,
		// The data goes with the folder, so nothing is lost with a write that never reached the disk.
		"--unsafe-no-fsync", "--log-level", "warn")
	if err != nil {
		return nil, err
	}
	c.api, err = spawn(assets, folder, "kube-apiserver", c.ended,
		"--etcd-servers", etcdURL,
		"--bind-address", "127.0.0.1", "--secure-port", fmt.Sprint(ports[2]),
		"--tls-cert-file", creds.serverCert, "--tls-private-key-file", creds.serverKey, "--cert-dir", folder,
		"--service-account-issuer", "https://plimsoll.example", "--service-account-key-file", creds.accountKey,
		"--service-account-signing-key-file", creds.accountKey,
		"--token-auth-file", creds.tokens, "--allow-privileged=true", "--authorization-mode", "RBAC", "--anonymous-auth=false",
		"--service-cluster-ip-range", "10.0.0.0/24",
		// Without a controller manager no namespace gets its default service account, and no pod would be accepted.
		"--disable-admission-plugins", "ServiceAccount",
		// No priority levels to wait for at the start, none to be throttled by.
		"--enable-priority-and-fairness=false",
		"--v", "0")
	if err == nil {
		err = c.await(wanted)
	}
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("%w\n%s", err, c.logs())
	}
	c.CA = creds.caPEM
	c.Tokens = creds.byUser
	c.Kubeconfig, err = creds.writeKubeconfig(folder, c.Server)
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// await asks /readyz until it says ok and the namespace default is there.
func (c *cluster) await(wanted context.Context) error {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: c.credits.clientTLS()}, Timeout: 5 * time.Second}
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		select {
		case err := <-c.ended:
			return fmt.Errorf("a server ended while starting: %w", err)
		case <-wanted.Done():
			return wanted.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if c.answers(client, "/readyz") && c.answers(client, "/api/v1/namespaces/default") {
			return nil
		}
	}
	return errors.New("the API server is not ready in time")
}

func (c *cluster) answers(client *http.Client, path string) bool {
	request, err := http.NewRequest(http.MethodGet, c.Server+path, nil)
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+c.credits.byUser["admin"])
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// stop ends the API server first, since it complains at length about an etcd that is gone.
func (c *cluster) stop() {
	for _, s := range []*server{c.api, c.etcd} {
		if s != nil {
			s.stop()
		}
	}
}

// logs are the last lines of each server.
func (c *cluster) logs() string {
	var all strings.Builder
	for _, s := range []*server{c.etcd, c.api} {
		if s != nil {
			fmt.Fprintf(&all, "--- %s\n%s\n", s.name, s.lastLines(15))
		}
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
