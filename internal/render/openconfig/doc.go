// Package openconfig turns the model of a device into OpenConfig leaves.
package openconfig

//go:generate go run ./generate ../../..
