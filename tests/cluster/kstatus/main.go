// Command kstatus is the witness of tests/status: it reads a JSON list of objects, and prints for each what cli-utils' kstatus
// says of it: {"status": …, "reason": …, "message": …}.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var objects []json.RawMessage
	if err := json.NewDecoder(in).Decode(&objects); err != nil {
		return err
	}
	verdicts := make([]verdict, 0, len(objects))
	for index, object := range objects {
		// This decoder keeps whole numbers whole, as every client does that reads from an API server.
		decoded := &unstructured.Unstructured{}
		if err := decoded.UnmarshalJSON(object); err != nil {
			return fmt.Errorf("object %d: %w", index, err)
		}
		verdicts = append(verdicts, judge(decoded))
	}
	return json.NewEncoder(out).Encode(verdicts)
}

// judge turns an error into Unknown, as kstatus' own pollers do.
func judge(object *unstructured.Unstructured) verdict {
	result, err := status.Compute(object)
	if err != nil {
		return verdict{Status: string(status.UnknownStatus), Message: err.Error()}
	}
	found := verdict{Status: string(result.Status), Message: result.Message}
	if len(result.Conditions) > 0 {
		found.Reason = result.Conditions[0].Reason
	}
	return found
}
