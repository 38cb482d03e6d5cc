package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// snapshotter copies each container's files. It is slower than overlayfs, but the images are small, and it works on every
// file system, also inside a container.
const snapshotter = "native"

const containerdConfig = `version = 3
root = "FOLDER/containerd"
state = "/run/containerd"
[grpc]
address = "SOCKET"
[plugins."io.containerd.cri.v1.images"]
snapshotter = "SNAPSHOTTER"
use_local_image_pull = true
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "plimsoll.test/pause:1"
[plugins."io.containerd.cri.v1.images".registry]
config_path = "FOLDER/registries"
[plugins."io.containerd.cri.v1.runtime"]
# Inside a container root may not be allowed to lower the score.
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["PLUGINS"]
conf_dir = "FOLDER/cni/config"
[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = "RUNC"
SystemdCgroup = false
`

// registries sends every pull to answerPulls.
const registries = `server = "http://REGISTRY"
[host."http://REGISTRY"]
capabilities = ["pull", "resolve"]
`

// Pods have addresses of 10.78.N.0/24; the host reaches them through the node. No masquerading, so no iptables.
const podNetwork = `{
  "cniVersion": "1.0.0",
  "name": "plimsoll",
  "plugins": [{
    "type": "ptp",
    "ipam": {
      "type": "host-local",
      "dataDir": "FOLDER/cni/addresses",
      "ranges": [[{"subnet": "PODS"}]],
      "routes": [{"dst": "0.0.0.0/0"}]
    }
  }]
}
`

const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: ADDRESS
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: FOLDER/ca.crt}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://SOCKET
resolvConf: FOLDER/resolv.conf
clusterDomain: cluster.local
clusterDNS: [10.0.0.10]
podLogsDir: FOLDER/pods
# A machine of any kind: cgroups of either version, made by nobody else, nothing reserved.
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
localStorageCapacityIsolation: false
# A full disk is the machine's business: no pod is evicted and no image removed for it.
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
serializeImagePulls: false
# A mounted ConfigMap is seen soon, and a container that crashes starts again soon.
syncFrequency: 5s
crashLoopBackOff: {maxContainerRestartPeriod: 5s}
`

// writeFiles writes what containerd and the kubelet read.
func (n *node) writeFiles() error {
	fill := strings.NewReplacer(
		"FOLDER", n.Folder, "SOCKET", containerdSocket, "SNAPSHOTTER", snapshotter, "PLUGINS", n.Plugins, "RUNC", n.Runc,
		"REGISTRY", registryAddress, "PODS", n.Subnet.pods(), "ADDRESS", n.Subnet.node())
	for name, text := range map[string]string{
		"containerd.toml":                 containerdConfig,
		"registries/_default/hosts.toml":  registries,
		"cni/config/10-plimsoll.conflist": podNetwork,
		"kubelet.yaml":                    kubeletConfig,
		// Nobody answers names; a pod is told so at once.
		"resolv.conf": "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n",
	} {
		if err := writeFile(n.path(name), fill.Replace(text)); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("can't make the folder of %s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o600)
}
