package app

import (
	"fmt"
	"io/fs"
	"os"

	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/settings"
)

// A ProfilesError joins the mistakes in the profiles of the settings' directory, each as "file:line: what".
type ProfilesError struct{ Err error }

// Error begins with what is wrong: the profiles.
func (e *ProfilesError) Error() string { return fmt.Sprintf("profiles: %v", e.Err) }

// Unwrap returns the mistakes.
func (e *ProfilesError) Unwrap() error { return e.Err }

// LoadProfiles returns the embedded profiles and those of the settings' directory, or a *ProfilesError.
func LoadProfiles(set *settings.Settings) (*profile.Set, error) {
	var override fs.FS
	if set.Profiles != "" {
		override = os.DirFS(set.Profiles)
	}
	profiles, err := profile.Load(override)
	if err != nil {
		return nil, &ProfilesError{Err: err}
	}
	return profiles, nil
}
