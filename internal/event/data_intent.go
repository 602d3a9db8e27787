package event

import "github.com/tenter-net/tenter/internal/intent"

// IntentChanged says that the intent source has a new state, before it is judged.
type IntentChanged struct {
	Generation string `json:"generation" jsonschema:"minLength=1"` // content hash of the files
	Commit     string `json:"commit,omitempty"`                    // with "-dirty" after it when the files are not as they were committed
	Author     string `json:"author,omitempty"`
	Subject    string `json:"subject,omitempty"` // the commit message's first line
	Files      int    `json:"files"`
}

// IntentValidated says that a generation was accepted and is the current one.
type IntentValidated struct {
	Generation string              `json:"generation" jsonschema:"minLength=1"`
	Previous   string              `json:"previous,omitempty"`
	Commit     string              `json:"commit,omitempty"`
	Author     string              `json:"author,omitempty"`
	Subject    string              `json:"subject,omitempty"` // the commit message's first line
	Devices    []intent.DeviceName `json:"devices,omitempty"` // whose desired configuration may differ
}

// IntentRejected says that the source's state has mistakes; the generation before it stays current.
type IntentRejected struct {
	Commit      string   `json:"commit,omitempty"`
	Author      string   `json:"author,omitempty"`
	Subject     string   `json:"subject,omitempty"` // the commit message's first line
	Diagnostics []string `json:"diagnostics,omitempty"`
}
