package render

import (
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// The codes of render, beside those of package intent.
const (
	codeConflict intent.Code = "T0701"
	codeLeaf     intent.Code = "T0702"
	codeDialect  intent.Code = "T0703"
	codeGap      intent.Code = "T0953"
)

var about = map[intent.Code]string{
	codeConflict: "two intents want different values for one leaf",
	codeLeaf:     "the device's schema does not take what an intent wants",
	codeDialect:  "a device's dialect or profile does not exist",
	codeGap:      "the dialect has no leaf for what an intent wants",
}

func diagnostic(code intent.Code, at tree.Source, message string) intent.Diagnostic {
	severity := intent.SeverityError
	if code == codeGap {
		severity = intent.SeverityWarning
	}
	return intent.Diagnostic{
		Severity: severity, Code: code, About: about[code], File: at.File, Line: at.Line, Column: at.Column, Message: message,
	}
}
