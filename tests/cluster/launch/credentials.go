package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// credentials are the files and texts that server and clients prove themselves by. They live as long as the folder.
type credentials struct {
	caPEM      string
	caFile     string
	serverCert string
	serverKey  string
	// clientCert is what the API server shows a kubelet.
	clientCert string
	clientKey  string
	accountKey string
	tokens     string
	byUser     map[string]string
}

// makeCredentials makes them for a server at 127.0.0.1 and at the further addresses.
func makeCredentials(folder string, addresses ...string) (*credentials, error) {
	at := func(name string) string { return filepath.Join(folder, name) }
	c := &credentials{
		caFile: at("ca.crt"), serverCert: at("server.crt"), serverKey: at("server.key"),
		clientCert: at("client.crt"), clientKey: at("client.key"), accountKey: at("account.key"), tokens: at("tokens.csv"),
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca := certificate("plimsoll-test-ca", 1)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	caPEM, err := sign(ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	c.caPEM = string(caPEM)

	if err := os.WriteFile(c.caFile, caPEM, 0o600); err != nil {
		return nil, err
	}

	leaf := certificate("kube-apiserver", 2)
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf.IPAddresses, leaf.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	for _, address := range addresses {
		leaf.IPAddresses = append(leaf.IPAddresses, net.ParseIP(address))
	}
	if err := writePair(leaf, ca, caKey, c.serverCert, c.serverKey); err != nil {
		return nil, err
	}
	client := certificate("kube-apiserver-kubelet-client", 3)
	client.KeyUsage, client.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if err := writePair(client, ca, caKey, c.clientCert, c.clientKey); err != nil {
		return nil, err
	}
	if _, err := writeKey(c.accountKey); err != nil {
		return nil, err
	}
	return c, c.writeTokens()
}

func certificate(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		Subject:      pkix.Name{CommonName: name},
		SerialNumber: big.NewInt(serial),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
}

func sign(certificate, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, certificate, parent, public, by)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// writePair makes a key and a certificate for it, signed by the authority.
func writePair(leaf, ca *x509.Certificate, caKey crypto.Signer, certFile, keyFile string) error {
	key, err := writeKey(keyFile)
	if err != nil {
		return err
	}
	leafPEM, err := sign(leaf, ca, key.Public(), caKey)
	if err != nil {
		return err
	}
	return os.WriteFile(certFile, leafPEM, 0o600)
}

func writeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func (c *credentials) writeTokens() error {
	c.byUser = map[string]string{}
	var lines []string
	for _, user := range users {
		token, err := randomToken()
		if err != nil {
			return err
		}
		c.byUser[user.name] = token
		lines = append(lines, fmt.Sprintf("%s,%s,%s,%q\n", token, user.name, user.name, user.group))
	}
	return os.WriteFile(c.tokens, []byte(strings.Join(lines, "")), 0o600)
}

// clientTLS trusts the server's authority and nothing else.
func (c *credentials) clientTLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(c.caPEM))
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// writeKubeconfig writes folder/name with one context a user, each named by it; the current one is the first.
func (c *credentials) writeKubeconfig(folder, name, server string, users ...string) (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: v1\nkind: Config\ncurrent-context: %s\n"+
		"clusters:\n- name: plimsoll\n  cluster:\n    server: %s\n    certificate-authority: %s\nusers:\n", users[0], server, c.caFile)
	for _, user := range users {
		fmt.Fprintf(&text, "- name: %s\n  user:\n    token: %s\n", user, c.byUser[user])
	}
	text.WriteString("contexts:\n")
	for _, user := range users {
		fmt.Fprintf(&text, "- name: %s\n  context:\n    cluster: plimsoll\n    user: %s\n", user, user)
	}
	path := filepath.Join(folder, name)
	return path, os.WriteFile(path, []byte(text.String()), 0o600)
}
