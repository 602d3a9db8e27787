package wire

import (
	"fmt"
	"strconv"

	"github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/schema"
)

// scalar returns a TypedValue's content in a form that schema.Node.Canonical reads. JSON is not among them.
func scalar(v *gnmi.TypedValue) (any, error) {
	switch v := v.GetValue().(type) {
	case *gnmi.TypedValue_StringVal:
		return v.StringVal, nil
	case *gnmi.TypedValue_AsciiVal:
		return schema.Text(v.AsciiVal), nil
	case *gnmi.TypedValue_IntVal:
		return v.IntVal, nil
	case *gnmi.TypedValue_UintVal:
		return v.UintVal, nil
	case *gnmi.TypedValue_BoolVal:
		return v.BoolVal, nil
	case *gnmi.TypedValue_BytesVal:
		return v.BytesVal, nil
	case *gnmi.TypedValue_DoubleVal:
		return v.DoubleVal, nil
	case *gnmi.TypedValue_FloatVal:
		//lint:ignore SA1019 deprecated, and still sent
		return v.FloatVal, nil
	case *gnmi.TypedValue_DecimalVal:
		//lint:ignore SA1019 deprecated, and still sent
		d := v.DecimalVal
		return schema.Decimal{Digits: d.GetDigits(), Precision: d.GetPrecision()}, nil
	case *gnmi.TypedValue_LeaflistVal:
		items := make([]any, len(v.LeaflistVal.GetElement()))
		for i, e := range v.LeaflistVal.GetElement() {
			var err error
			if items[i], err = scalar(e); err != nil {
				return nil, fmt.Errorf("element %d: %w", i+1, err)
			}
		}
		return items, nil
	case nil:
		return nil, fmt.Errorf("no value")
	}
	return nil, fmt.Errorf("a value of type %T", v.GetValue())
}

// jsonOf returns the JSON of a value that carries some.
func jsonOf(v *gnmi.TypedValue) ([]byte, bool) {
	switch v := v.GetValue().(type) {
	case *gnmi.TypedValue_JsonIetfVal:
		return v.JsonIetfVal, true
	case *gnmi.TypedValue_JsonVal:
		return v.JsonVal, true
	}
	return nil, false
}

// typed returns the value of an update, also from the deprecated field that gNMI 0.4 replaced.
func typed(u *gnmi.Update) *gnmi.TypedValue {
	//lint:ignore SA1019 deprecated, and still sent
	old := u.GetValue()
	if u.GetVal() != nil || old == nil {
		return u.GetVal()
	}
	switch old.GetType() {
	case gnmi.Encoding_JSON, gnmi.Encoding_JSON_IETF:
		return &gnmi.TypedValue{Value: &gnmi.TypedValue_JsonIetfVal{JsonIetfVal: old.GetValue()}}
	case gnmi.Encoding_ASCII:
		return &gnmi.TypedValue{Value: &gnmi.TypedValue_AsciiVal{AsciiVal: string(old.GetValue())}}
	}
	return &gnmi.TypedValue{Value: &gnmi.TypedValue_BytesVal{BytesVal: old.GetValue()}}
}

// scalarOf returns a canonical value of leaf n as the TypedValue of gNMI specification §2.2.3.
func scalarOf(n schema.Node, v schema.Value) *gnmi.TypedValue {
	if n.Kind() == schema.LeafList {
		list := &gnmi.ScalarArray{}
		for _, it := range v.Items() {
			list.Element = append(list.Element, itemOf(it))
		}
		return &gnmi.TypedValue{Value: &gnmi.TypedValue_LeaflistVal{LeaflistVal: list}}
	}
	return itemOf(v)
}

func itemOf(v schema.Value) *gnmi.TypedValue {
	switch v.Kind() {
	case schema.KindInt:
		if n, err := strconv.ParseInt(string(v[1:]), 10, 64); err == nil && n < 0 {
			return &gnmi.TypedValue{Value: &gnmi.TypedValue_IntVal{IntVal: n}}
		}
		n, _ := strconv.ParseUint(string(v[1:]), 10, 64) // canonical, so it is a number
		return &gnmi.TypedValue{Value: &gnmi.TypedValue_UintVal{UintVal: n}}
	case schema.KindBool:
		return &gnmi.TypedValue{Value: &gnmi.TypedValue_BoolVal{BoolVal: v == "btrue"}}
	case schema.KindEmpty:
		return &gnmi.TypedValue{Value: &gnmi.TypedValue_BoolVal{BoolVal: true}}
	case schema.KindBinary:
		return &gnmi.TypedValue{Value: &gnmi.TypedValue_BytesVal{BytesVal: []byte(v[1:])}}
	}
	// A decimal64 as text: double_val would lose digits.
	return &gnmi.TypedValue{Value: &gnmi.TypedValue_StringVal{StringVal: v.Text()}}
}
