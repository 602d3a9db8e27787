package app

import (
	"fmt"
	"io/fs"
	"os"

	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/settings"
)

// LoadProfiles returns the embedded profiles and those of the settings' directory.
func LoadProfiles(set *settings.Settings) (*profile.Set, error) {
	var override fs.FS
	if set.Profiles != "" {
		override = os.DirFS(set.Profiles)
	}
	profiles, err := profile.Load(override)
	if err != nil {
		return nil, fmt.Errorf("profiles: %w", err)
	}
	return profiles, nil
}
