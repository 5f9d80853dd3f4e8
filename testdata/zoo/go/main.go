// Command go serves an endpoint for Ploomes on PORT, with the key in WHK_SECRET_PLOOMES,
// and at /count how many events it worked on. FAULT names one of faults.go.
//
//	whk test --provider ploomes -- go run .
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

func main() {
	var count atomic.Int64
	p := &Ploomes{Key: os.Getenv("WHK_SECRET_PLOOMES"), Genuine: HasKey, Fresh: new(Inbox).Add, Work: func(body []byte) {
		var event struct{ Entity, Action string }
		if err := json.Unmarshal(body, &event); err != nil {
			log.Printf("not an event: %v", err)
			return
		}
		log.Printf("%s %s", event.Entity, event.Action)
		count.Add(1)
	}}
	handler := http.Handler(p)
	if name := os.Getenv("FAULT"); name != "" {
		fault, ok := faults()[name]
		if !ok {
			log.Fatalf("no fault %s", name)
		}
		handler = fault(p)
	}
	if p.Key == "" {
		log.Fatal("an endpoint without its secret would believe everybody: set WHK_SECRET_PLOOMES")
	}
	mux := http.NewServeMux()
	mux.Handle("/ploomes", handler)
	mux.HandleFunc("/count", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"count":%d}`, count.Load()) })
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	log.Fatal(server.ListenAndServe())
}
