// The paths of src/lib.rs in Go's net/http. usage: peer PORT [CERTIFICATE KEY]; HTTP/1 and HTTP/2
package main

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const html = "text/html; charset=utf-8"

func send(answer http.ResponseWriter, kind string, body string) {
	answer.Header().Set("Content-Type", kind)
	answer.Header().Set("Content-Length", strconv.Itoa(len(body)))
	io.WriteString(answer, body)
}

func main() {
	filler := strings.Repeat("x", 1<<21)
	paths := http.NewServeMux()
	paths.HandleFunc("/status/200", func(answer http.ResponseWriter, _ *http.Request) { send(answer, html, "") })
	paths.HandleFunc("/text", func(answer http.ResponseWriter, _ *http.Request) { send(answer, html, "Hello, World!") })
	paths.HandleFunc("/bytes/{count}", func(answer http.ResponseWriter, request *http.Request) {
		count, _ := strconv.Atoi(request.PathValue("count"))
		send(answer, "application/octet-stream", filler[:min(count, len(filler))])
	})
	paths.HandleFunc("/delay/{seconds}", func(answer http.ResponseWriter, request *http.Request) {
		seconds, _ := strconv.ParseFloat(request.PathValue("seconds"), 64)
		time.Sleep(time.Duration(seconds * float64(time.Second)))
		send(answer, html, "")
	})
	server := &http.Server{Addr: "127.0.0.1:" + os.Args[1], Handler: paths,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 1 << 20}, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	var err error
	if len(os.Args) > 3 {
		err = server.ListenAndServeTLS(os.Args[2], os.Args[3])
	} else {
		err = server.ListenAndServe()
	}
	os.Stderr.WriteString(err.Error() + "\n")
	os.Exit(1)
}
