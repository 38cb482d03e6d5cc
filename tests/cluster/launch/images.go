package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// image is one image of the node: its layers and what a container of it runs.
type image struct {
	names      []string
	layers     []layer
	entrypoint []string
	command    []string
}

// layer is an uncompressed tar archive.
type layer []byte

// images are all that the node has. What the reference stack runs has a tag that isn't used yet, to go to.
//
// The one program of tests/cluster/image is pause, printenv and inference-server, by the name that it is called by.
func images(assets string) ([]image, error) {
	program, err := os.ReadFile(filepath.Join(assets, "image"))
	if err != nil {
		return nil, err
	}
	shell, err := busybox(program)
	if err != nil {
		return nil, err
	}
	alone, err := makeLayer(map[string][]byte{"pause": program}, nil)
	if err != nil {
		return nil, err
	}
	var server []string
	for _, tag := range []string{"1.8.3", "1.8.4", "1.9.0-rc1", "1.9.0", "2.0.0"} {
		server = append(server, "registry.example/inference-server:"+tag)
	}
	// A container that sleeps runs pause, since a shell as first process would not end when asked to.
	sleep := []string{"/bin/pause"}
	return []image{
		{names: []string{"plimsoll.test/pause:1", "plimsoll.test/noshell:1"}, layers: []layer{alone}, entrypoint: []string{"/pause"}},
		{names: []string{"plimsoll.test/busybox:1"}, layers: []layer{shell}, command: sleep},
		{names: []string{"plimsoll.test/crash:1"}, layers: []layer{shell},
			command: []string{"/bin/sh", "-c", "echo 'this container ends by itself, with 1'; exit 1"}},
		{names: server, layers: []layer{shell}, entrypoint: []string{"/bin/inference-server"}},
	}, nil
}

// busybox is a layer with Debian's static busybox under the name of each of its programs. It has no printenv, so that
// name is ours.
func busybox(program []byte) (layer, error) {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return nil, fmt.Errorf("a node needs the Debian package busybox-static: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	links := map[string]string{}
	// Not by running it: the first process of a namespace waits for its children in its own way.
	for _, applet := range applets {
		links["bin/"+applet] = "busybox"
	}
	for _, name := range []string{"pause", "printenv", "inference-server"} {
		links["bin/"+name] = "image"
	}
	return makeLayer(map[string][]byte{
		"bin/busybox": text,
		"bin/image":   program,
		"etc/passwd":  []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"),
		"etc/group":   []byte("root:x:0:\nnobody:x:65534:\n"),
	}, links)
}

var applets = strings.Fields(`ash awk base64 basename cat chmod cksum cmp cp cut date dd df dirname du echo env expr false
	find grep gunzip gzip head hostname httpd id ip kill ln ls mkdir mktemp more mount mv nc nslookup od ping ps pwd readlink
	realpath rm rmdir sed seq sh sha256sum sleep sort stat sync tail tar tee test time timeout top touch tr true tty uname
	uniq vi wc wget which whoami xargs yes`)

func makeLayer(files map[string][]byte, links map[string]string) (layer, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, folder := range []string{"bin/", "dev/", "etc/", "proc/", "root/", "sys/", "tmp/", "var/"} {
		mode := int64(0o755)
		if folder == "tmp/" {
			mode = 0o1777
		}
		if err := writer.WriteHeader(&tar.Header{Name: folder, Typeflag: tar.TypeDir, Mode: mode}); err != nil {
			return nil, err
		}
	}
	for name, content := range files {
		if err := writeMember(writer, name, content); err != nil {
			return nil, err
		}
	}
	for name, target := range links {
		if err := writer.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target, Mode: 0o777}); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return archive.Bytes(), err
}

func writeMember(writer *tar.Writer, name string, content []byte) error {
	mode := int64(0o755)
	if strings.HasPrefix(name, "etc/") {
		mode = 0o644
	}
	if err := writer.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := writer.Write(content)
	return err
}

// descriptor names a blob of the archive, as the OCI image specification says.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// ociArchive is an OCI image layout in a tar archive.
type ociArchive struct {
	writer  *tar.Writer
	written map[string]bool
}

func (a *ociArchive) blob(mediaType string, content []byte) (descriptor, error) {
	sum := sha256.Sum256(content)
	name := hex.EncodeToString(sum[:])
	if !a.written[name] {
		a.written[name] = true
		if err := writeMember(a.writer, "blobs/sha256/"+name, content); err != nil {
			return descriptor{}, err
		}
	}
	return descriptor{MediaType: mediaType, Digest: "sha256:" + name, Size: len(content)}, nil
}

func (a *ociArchive) json(mediaType string, value any) (descriptor, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, err
	}
	return a.blob(mediaType, content)
}

// manifest writes an image's layers, config and manifest.
func (a *ociArchive) manifest(i image) (descriptor, error) {
	type object = map[string]any
	var layers []descriptor
	var digests []string
	for _, layer := range i.layers {
		blob, err := a.blob("application/vnd.oci.image.layer.v1.tar", layer)
		if err != nil {
			return descriptor{}, err
		}
		layers = append(layers, blob)
		digests = append(digests, blob.Digest)
	}
	config, err := a.json("application/vnd.oci.image.config.v1+json", object{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       object{"Env": []string{"PATH=/bin"}, "Entrypoint": i.entrypoint, "Cmd": i.command},
		"rootfs":       object{"type": "layers", "diff_ids": digests},
	})
	if err != nil {
		return descriptor{}, err
	}
	const manifestType = "application/vnd.oci.image.manifest.v1+json"
	return a.json(manifestType, object{"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": layers})
}

// writeImages writes all images into one archive.
func writeImages(path, assets string) error {
	all, err := images(assets)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	archive := ociArchive{writer: tar.NewWriter(file), written: map[string]bool{}}
	var manifests []descriptor
	for _, image := range all {
		manifest, err := archive.manifest(image)
		if err != nil {
			return err
		}
		for _, name := range image.names {
			manifest.Annotations = map[string]string{"io.containerd.image.name": name}
			manifests = append(manifests, manifest)
		}
	}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": manifests})
	if err != nil {
		return err
	}
	return firstError(
		writeMember(archive.writer, "oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)),
		writeMember(archive.writer, "index.json", index),
		archive.writer.Close())
}
