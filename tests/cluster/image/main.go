// Command image is what the containers of the test node run where busybox has nothing to offer, chosen by the name it is
// called by: pause sleeps until it is asked to end, printenv prints the environment as it is, and inference-server stands
// in for the server of the reference stack.
package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

func main() {
	var err error
	switch name := filepath.Base(os.Args[0]); name {
	case "pause":
		wait()
	case "printenv":
		os.Exit(printenv(os.Args[1:]))
	case "inference-server":
		err = serve(os.Args[1:])
	default:
		err = fmt.Errorf("call this as pause, printenv or inference-server")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
}

func wait() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGINT, syscall.SIGTERM)
	<-asked
}

func printenv(names []string) int {
	if len(names) == 0 {
		for _, variable := range os.Environ() {
			fmt.Println(variable)
		}
		return 0
	}
	code := 0
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok {
			fmt.Println(value)
		} else {
			code = 1
		}
	}
	return code
}

// serve answers the health path over TLS, with the pair that its config file names. Like a real server it doesn't start
// without its files and parameters.
func serve(args []string) error {
	file, model := "", ""
	for _, arg := range args {
		if path, ok := strings.CutPrefix(arg, "--config="); ok {
			file = path
		}
		if path, ok := strings.CutPrefix(arg, "--model="); ok {
			model = path
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := os.ReadFile(model); err != nil {
		return err
	}
	if os.Getenv("HF_TOKEN") == "" {
		return fmt.Errorf("HF_TOKEN is not set")
	}
	setting := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + ` = "(.*)"$`).FindSubmatch(text)
		if found == nil {
			return ""
		}
		return string(found[1])
	}
	pair, err := tls.LoadX509KeyPair(setting("certificate"), setting("key"))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc(setting("path"), func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "ok") })
	server := &http.Server{Addr: setting("address"), Handler: mux, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
	}}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServeTLS("", "") }()
	fmt.Printf("serving %s on %s with batches of %s on %s, log level %s\n",
		model, setting("address"), os.Getenv("MAX_BATCH_SIZE"), os.Getenv("DEVICE"), os.Getenv("LOG_LEVEL"))
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGINT, syscall.SIGTERM)
	select {
	case err := <-ended:
		return err
	case <-asked:
		return nil
	}
}
