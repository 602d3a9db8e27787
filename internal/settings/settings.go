// Package settings turns flags, the environment and a settings file into one checked struct.
//
// Flags win over TENTER_* variables, those over the file, the file over the defaults. Load either returns settings
// of which every value was checked, or one error that lists every mistake with its place; there is nothing in
// between. Settings never change after Load: whoever holds them may read them from any goroutine and must not write.
//
// Relative paths in the file are taken from the file's directory, those from anywhere else from the working directory.
// Lists of named entries are lists, never maps: viper lower-cases the keys of maps, and device names have a case.
package settings

import (
	"time"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Role is a part of the program that a process may run.
type Role string

// The roles of a process. All of them together are a whole Tenter.
const (
	RoleLoader     Role = "loader"
	RoleMonitor    Role = "monitor"
	RoleReconciler Role = "reconciler"
	RoleNotifier   Role = "notifier"
	RoleScheduler  Role = "scheduler"
	RoleAPI        Role = "api"
)

// Roles are all roles, in the order in which they start.
func Roles() []Role {
	return []Role{RoleLoader, RoleMonitor, RoleReconciler, RoleNotifier, RoleScheduler, RoleAPI}
}

// Settings are all settings of one process. The mapstructure tag is a field's name in the file; Keys lists the full names.
type Settings struct {
	Intents         string        `mapstructure:"intents" path:"true" doc:"directory of the intent documents"`
	StateDir        string        `mapstructure:"state_dir" path:"true" doc:"directory of the store, the lock and the socket"`
	Fabric          string        `mapstructure:"fabric" doc:"name of the fabric in events and Redis keys; set it when one Redis serves several"`
	Roles           []Role        `mapstructure:"roles" doc:"roles that this process runs"`
	Profiles        string        `mapstructure:"profiles" path:"true" doc:"directory of device profiles that override the built-in ones"`
	ShutdownTimeout time.Duration `mapstructure:"shutdown_timeout" doc:"how long a clean stop may take"`
	Lease           time.Duration `mapstructure:"lease" doc:"how long a process that died keeps others from its devices"`

	Git       Git    `mapstructure:"git"`
	Server    URL    `mapstructure:"server" doc:"https://HOST:PORT, or unix:///PATH, of the server that the command line is a client of; empty means that of the state directory"`
	ServerCA  string `mapstructure:"server_ca" path:"true" doc:"file of the authorities that sign the server's certificate, PEM; empty means the system's"`
	TokenFile string `mapstructure:"token_file" path:"true" doc:"file of the token for an https server; TENTER_TOKEN may hold it instead"`

	Store       Store         `mapstructure:"store"`
	Audit       Audit         `mapstructure:"audit"`
	Bus         Bus           `mapstructure:"bus"`
	API         API           `mapstructure:"api"`
	Access      Access        `mapstructure:"access"`
	Log         Log           `mapstructure:"log"`
	Metrics     Metrics       `mapstructure:"metrics"`
	Tracing     Tracing       `mapstructure:"tracing"`
	Secrets     Secrets       `mapstructure:"secrets"`
	Monitor     Monitor       `mapstructure:"monitor"`
	Apply       Apply         `mapstructure:"apply"`
	Notify      Notify        `mapstructure:"notify"`
	Devices     []Device      `mapstructure:"devices" doc:"address book: overrides what the Device documents say"`
	TLS         []TLS         `mapstructure:"tls" doc:"TLS settings that devices and the bus refer to by name"`
	SSH         []SSH         `mapstructure:"ssh" doc:"SSH settings, for NETCONF and CLI, that devices refer to by name"`
	Credentials []Credentials `mapstructure:"credentials" doc:"credentials that devices refer to by name"`

	// Warnings are what is allowed but should be said aloud, once, at the start.
	Warnings []string `mapstructure:"-"`

	origin *origins
}

// Store says where state and the event log are kept.
type Store struct {
	DSN URL `mapstructure:"dsn" secret:"true" doc:"postgres://USER:PASSWORD@HOST/DATABASE, or sqlite:///DIR, for a store that several processes share; empty means SQLite in state_dir"`
	// The event log is not part of it.
	Retention    time.Duration `mapstructure:"retention" doc:"how long closed plans, runs and drift, sent notifications and groups of consumers that are gone are kept; 0 for ever"`
	LogRetention time.Duration `mapstructure:"log_retention" doc:"age at which events move from the log to files of the archive, where they are still read; 0 never"`
	Archive      string        `mapstructure:"archive" path:"true" doc:"directory of the archive; empty means archive in state_dir, or in the directory of store.dsn"`
}

// Bus says how events are distributed.
type Bus struct {
	Redis URL    `mapstructure:"redis" secret:"true" doc:"URL: redis://, redis+sentinel://, redis+cluster://, each with rediss for TLS; empty means the embedded bus"`
	TLS   string `mapstructure:"tls" doc:"entry of tls for a rediss URL; empty means the system's authorities and no client certificate"`
}

// API says where the application is served.
type API struct {
	Socket   string `mapstructure:"socket" path:"true" doc:"unix socket; empty means tenter.sock in state_dir"`
	Listen   string `mapstructure:"listen" doc:"host:port that answers those who have a token, over HTTPS; empty means nowhere"`
	CertFile string `mapstructure:"cert_file" path:"true" doc:"certificate of api.listen, PEM, with those between it and the authority"`
	KeyFile  string `mapstructure:"key_file" path:"true" doc:"private key of api.cert_file, PEM"`
}

// Audit says how it is proven later that nobody wrote the event log anew.
type Audit struct {
	Key      string        `mapstructure:"key" path:"true" doc:"file of the private key that signs the log's heads, made when it is missing; empty means audit.key in state_dir"`
	Export   string        `mapstructure:"export" path:"true" doc:"file that signed heads are added to; empty means heads.jsonl in state_dir"`
	Interval time.Duration `mapstructure:"interval" doc:"how often tenter serve signs the head of a log that has grown; 0 never"`
}

// Log says how the program logs to standard error.
type Log struct {
	Level  string `mapstructure:"level" doc:"debug, info, warn or error"`
	Format string `mapstructure:"format" doc:"text or json"`
}

// Metrics says where operators' tools ask how the process does.
type Metrics struct {
	Listen string `mapstructure:"listen" doc:"host:port that answers /metrics, /healthz and /readyz over HTTP, to anybody; empty means nowhere"`
}

// Tracing says where spans are sent.
type Tracing struct {
	Endpoint URL `mapstructure:"endpoint" secret:"true" doc:"http:// or https:// URL of an OTLP/HTTP receiver; empty means that nothing is traced"`
}

// Secrets says where the secrets that intents refer to by name are found: a file NAME in Dir, else the variable
// EnvPrefix followed by the name in capitals.
type Secrets struct {
	Dir       string `mapstructure:"dir" path:"true" doc:"directory with one file per secret, named as the intents name it"`
	EnvPrefix string `mapstructure:"env_prefix" doc:"prefix of the variables that hold secrets"`
}

// Monitor says how devices are watched.
type Monitor struct {
	Settle         time.Duration `mapstructure:"settle" doc:"how long a difference must last to be drift"`
	AuditInterval  time.Duration `mapstructure:"audit_interval" doc:"time between full reads, whatever the stream says; 0 as the device profile has it"`
	SyncTimeout    time.Duration `mapstructure:"sync_timeout" doc:"silence until sync_response that ends a subscription attempt; 0 as the profile has it"`
	SampleInterval time.Duration `mapstructure:"sample_interval" doc:"interval of SAMPLE subscriptions, where ON_CHANGE is not to be had; 0 as the profile has it"`
	PollInterval   time.Duration `mapstructure:"poll_interval" doc:"interval of reads, where no subscription is to be had; 0 as the profile has it"`
}

// Apply says how plans are executed.
type Apply struct {
	Intent         string        `mapstructure:"intent" doc:"manual: plans for new intent wait for approval; auto: they run"`
	Parallel       int           `mapstructure:"parallel" doc:"devices written at once"`
	SetTimeout     time.Duration `mapstructure:"set_timeout" doc:"deadline of one request to a device; 0 as the profile has it"`
	ReadbackWindow time.Duration `mapstructure:"readback_window" doc:"how long a device may take to show what was set"`
	RollbackTimer  time.Duration `mapstructure:"rollback_timer" doc:"least time after which a device with commit-confirmed takes back what nobody confirmed; gates, soak and waiting for a person make it longer"`
	PlanExpiry     time.Duration `mapstructure:"plan_expiry" doc:"age at which a plan can no longer be approved or run"`
	VoteTimeout    time.Duration `mapstructure:"vote_timeout" doc:"how long validators may take to say whether a plan can be approved"`
	OnFailure      string        `mapstructure:"on_failure" doc:"when a device fails: stop, rollback-device, or rollback-all, the last one done first"`
	Save           bool          `mapstructure:"save" doc:"save to the startup configuration after a verified run"`
}

// The values of Apply.OnFailure.
const (
	FailureStop           = "stop"
	FailureRollbackDevice = "rollback-device"
	FailureRollbackAll    = "rollback-all"
)

// ApplyManual and ApplyAuto are the values of Apply.Intent.
const (
	ApplyManual = "manual"
	ApplyAuto   = "auto"
)

// Notify says whom to tell.
type Notify struct {
	GroupWait time.Duration `mapstructure:"group_wait" doc:"how long messages of the same cause are gathered"`
	Receivers []Receiver    `mapstructure:"receivers" doc:"where messages go"`
}

// The types of a Receiver.
const (
	ReceiverSlack   = "slack"
	ReceiverWebhook = "webhook"
)

// A Receiver is one destination of messages. Its URL is a secret, so only where to find it is said here.
type Receiver struct {
	Name       string `mapstructure:"name"`
	Type       string `mapstructure:"type"`
	URLFile    string `mapstructure:"url_file" path:"true"`
	URLEnv     string `mapstructure:"url_env"`
	SecretFile string `mapstructure:"secret_file" path:"true"`
	SecretEnv  string `mapstructure:"secret_env"`
	Match      Match  `mapstructure:"match"`
}

// Match narrows what a receiver gets. The zero Match lets everything through.
type Match struct {
	Events   []string `mapstructure:"events"`   // event types, or a domain as "drift.*"
	Severity string   `mapstructure:"severity"` // the lowest: info, warning, error, critical
}

// A Device overrides how one device is reached. Empty fields leave the Device document as it is.
type Device struct {
	Name        intent.DeviceName `mapstructure:"name"`
	Address     string            `mapstructure:"address"` // host:port
	TLS         string            `mapstructure:"tls"`
	SSH         string            `mapstructure:"ssh"`
	Credentials string            `mapstructure:"credentials"`
}

// TLS says how a device or Redis proves who it is, and how Tenter does.
type TLS struct {
	Name               string `mapstructure:"name"`
	CAFile             string `mapstructure:"ca_file" path:"true"`
	CertFile           string `mapstructure:"cert_file" path:"true"`
	KeyFile            string `mapstructure:"key_file" path:"true"`
	ServerName         string `mapstructure:"server_name"`
	InsecureSkipVerify bool   `mapstructure:"insecure_skip_verify"`
	Plaintext          bool   `mapstructure:"plaintext"`  // no TLS at all
	PinSHA256          string `mapstructure:"pin_sha256"` // of the device's certificate in DER, 64 hex digits
}

// SSH says how a device proves who it is over SSH. Exactly one of the three ways is said.
type SSH struct {
	Name                string `mapstructure:"name"`
	KnownHosts          string `mapstructure:"known_hosts" path:"true"`
	HostKeySHA256       string `mapstructure:"host_key_sha256"` // as ssh-keygen -l prints it: SHA256:…
	InsecureSkipHostKey bool   `mapstructure:"insecure_skip_host_key"`
}

// Credentials say where a user name is found, and a password or, for SSH, a private key, or both.
type Credentials struct {
	Name           string `mapstructure:"name"`
	Username       string `mapstructure:"username"`
	UsernameEnv    string `mapstructure:"username_env"`
	PasswordFile   string `mapstructure:"password_file" path:"true"`
	PasswordEnv    string `mapstructure:"password_env"`
	PrivateKeyFile string `mapstructure:"private_key_file" path:"true"` // PEM or OpenSSH, without a passphrase
}

// Default returns the settings of a process that is told nothing.
func Default() Settings {
	return Settings{
		Intents:         "intents",
		StateDir:        ".tenter",
		Fabric:          "default",
		Roles:           Roles(),
		ShutdownTimeout: 5 * time.Second,
		Lease:           10 * time.Second,
		Git:             Git{Branch: "main", Poll: time.Minute, Timeout: time.Minute, Username: "tenter"},
		Store:           Store{Retention: 90 * 24 * time.Hour},
		Audit:           Audit{Interval: 5 * time.Minute},
		Log:             Log{Level: "info", Format: "text"},
		Secrets:         Secrets{EnvPrefix: "TENTER_SECRET_"},
		Monitor: Monitor{
			Settle: 300 * time.Millisecond,
		},
		Apply: Apply{
			Intent:         ApplyManual,
			Parallel:       8,
			ReadbackWindow: 10 * time.Second,
			RollbackTimer:  5 * time.Minute,
			PlanExpiry:     24 * time.Hour,
			VoteTimeout:    10 * time.Second,
			OnFailure:      FailureRollbackDevice,
			Save:           true,
		},
		Notify: Notify{GroupWait: 5 * time.Second},
	}
}
