package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

const (
	defaultFile    = "tenter.yaml"
	fileVariable   = "TENTER_CONFIG"
	fileFlag       = "config"
	flagAnnotation = "tenter.setting" // marks a flag that sets the key it names
)

// AddFlags adds --config and one flag for each named key to flags: "log.level" is set by --log-level. A flag that
// is not given leaves the other sources in force, so its own default is empty. It panics on a name that is no key,
// or on a key that is a list of entries: both are mistakes of the program.
func AddFlags(flags *pflag.FlagSet, names ...string) {
	if flags.Lookup(fileFlag) == nil {
		flags.String(fileFlag, "", "settings file (default "+defaultFile+" here, if there is one)")
	}
	for _, name := range names {
		k, ok := findKey(name)
		if !ok || k.structured() {
			panic("settings: no flag for " + name)
		}
		usage := k.doc
		if text := display(reflect.ValueOf(Default()).FieldByIndex(k.index)); text != "" {
			usage += " (default " + text + ")"
		}
		switch {
		case k.typ.Kind() == reflect.Bool:
			flags.Bool(k.flag(), false, usage)
		case k.typ.Kind() == reflect.Slice:
			flags.StringSlice(k.flag(), nil, usage)
		default:
			flags.String(k.flag(), "", usage)
		}
		flags.Lookup(k.flag()).Annotations = map[string][]string{flagAnnotation: {k.name}}
	}
}

// Load reads all sources. flags must be parsed and may be nil; of its flags only those made by AddFlags count.
// The file is the one named by --config or TENTER_CONFIG, which must exist, else tenter.yaml in the working directory
// if there is one. An error about the content is an *Error.
func Load(flags *pflag.FlagSet) (*Settings, error) {
	doc, err := openFile(flags)
	if err != nil {
		return nil, err
	}
	var ps problems
	v := viper.New()
	o := &origins{flags: flags, doc: doc, env: map[string]bool{}}
	setDefaults(v)
	if doc != nil {
		doc.check(&ps)
		v.SetConfigType("yaml")
		if err := v.ReadConfig(bytes.NewReader(doc.data)); err != nil && len(ps) == 0 {
			ps.add(place{file: doc.name}, "", "", "%v", err)
		}
	}
	o.bind(v, &ps)
	if len(ps) > 0 {
		return nil, ps.err() // values of the wrong type cannot be checked any further
	}
	s := &Settings{origin: o}
	if err := v.UnmarshalExact(s); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if doc != nil {
		o.resolvePaths(reflect.ValueOf(s).Elem(), "", filepath.Dir(doc.name))
	}
	if s.API.Socket == "" {
		s.API.Socket = filepath.Join(s.StateDir, "tenter.sock")
	}
	s.validate(&ps)
	if err := ps.err(); err != nil {
		return nil, err
	}
	s.Warnings = s.warnings()
	return s, nil
}

// LoadFile is Load with the named file and without flags.
func LoadFile(name string) (*Settings, error) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	AddFlags(flags)
	if err := flags.Set(fileFlag, name); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return Load(flags)
}

func openFile(flags *pflag.FlagSet) (*document, error) {
	name := os.Getenv(fileVariable)
	if flags != nil {
		if f := flags.Lookup(fileFlag); f != nil && f.Changed {
			name = f.Value.String()
		}
	}
	if name != "" {
		return readDocument(name)
	}
	doc, err := readDocument(defaultFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return doc, err
}

func setDefaults(v *viper.Viper) {
	defaults := reflect.ValueOf(Default())
	for _, k := range keys {
		v.SetDefault(k.name, defaults.FieldByIndex(k.index).Interface())
	}
}

// bind makes the environment and the flags sources of v, and checks what they say.
func (o *origins) bind(v *viper.Viper, ps *problems) {
	for _, k := range keys {
		if text := os.Getenv(k.env()); text != "" {
			at := place{other: "environment " + k.env()}
			if k.structured() {
				ps.add(at, k.name, "", "a list of entries can only be said in a file")
				continue
			}
			if err := checkScalar(k.typ, text); err != nil {
				ps.add(at, k.name, "", "%v", redact(k, err))
			}
			o.env[k.name] = true
			_ = v.BindEnv(k.name, k.env()) // fails only without a key
		}
		if f := o.flag(k); f != nil {
			if err := checkScalar(k.typ, f.Value.String()); err != nil {
				ps.add(place{other: "flag --" + f.Name}, k.name, "", "%v", redact(k, err))
			}
			_ = v.BindPFlag(k.name, f) // fails only without a flag
		}
	}
}

func redact(k key, err error) error {
	if k.secret {
		return errors.New("not valid")
	}
	return err
}

// resolvePaths makes relative paths that the file says relative to the file's directory.
func (o *origins) resolvePaths(v reflect.Value, prefix, dir string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := fieldName(f)
		if name == "" {
			continue
		}
		field, full := v.Field(i), prefix+name
		switch {
		case field.Kind() == reflect.Struct:
			o.resolvePaths(field, full+".", dir)
		case field.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			for j := range field.Len() {
				o.resolvePaths(field.Index(j), fmt.Sprintf("%s[%d].", full, j), dir)
			}
		case f.Tag.Get("path") == "true" && o.of(full).file != "" && field.String() != "" && !filepath.IsAbs(field.String()):
			field.SetString(filepath.Join(dir, field.String()))
		}
	}
}
