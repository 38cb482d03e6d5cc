package main

import (
	"encoding/json"
	"net/http"
)

// startControllers starts what turns Deployments into pods and pods into pods of a node. Neither opens a port.
func (c *cluster) startControllers(place *node) error {
	manager, err := c.credits.writeKubeconfig(c.Folder, "manager.kubeconfig", c.Server, "admin")
	if err != nil {
		return err
	}
	err = c.spawn(place.Assets, "kube-controller-manager",
		"--kubeconfig", manager, "--leader-elect=false", "--secure-port", "0",
		// Each namespace gets its default service account, that account's tokens and the authority's certificate.
		"--service-account-private-key-file", c.credits.accountKey, "--root-ca-file", c.credits.caFile,
		"--use-service-account-credentials=true")
	if err != nil {
		return err
	}
	scheduler, err := c.credits.writeKubeconfig(c.Folder, "scheduler.kubeconfig", c.Server, "system:kube-scheduler")
	if err != nil {
		return err
	}
	return c.spawn(place.Assets, "kube-scheduler", "--kubeconfig", scheduler, "--leader-elect=false", "--secure-port", "0")
}

// nodeReady says whether the node has the condition Ready, and no taint that keeps pods away.
func (c *cluster) nodeReady(name string) bool {
	response, err := c.get("/api/v1/nodes/" + name)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var node struct {
		Spec   struct{ Taints []struct{ Key string } }
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
	if response.StatusCode != http.StatusOK || json.NewDecoder(response.Body).Decode(&node) != nil {
		return false
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True" && len(node.Spec.Taints) == 0
		}
	}
	return false
}
