package conf

import "strings"

// What is configured by lines and what by leaves is one configuration on a device: an interface that goes takes both along.

// Run enters commands, one on each line. All commands of an edit are one session: where the last of them stood the next
// go on. An interface that is removed by a command is removed from the tree.
func (e *Edit) Run(commands string) error {
	err := e.lines.Run(commands)
	for _, text := range e.lines.Gone() {
		name, ok := strings.CutPrefix(text, "interface ")
		if !ok || physical(name) {
			continue
		}
		if path := interfacePath(name); e.root.Schema.Known(path) {
			if err := e.Delete(path); err != nil {
				return err
			}
		}
	}
	return err
}

// Follow lets the lines of interfaces go that the tree had before the edit and has not any more.
func (e *Edit) Follow(before *Tree) {
	for _, line := range before.Lines {
		name, ok := strings.CutPrefix(line.Text, "interface ")
		if ok && before.Root.has(interfacePath(name)) && !e.root.has(interfacePath(name)) {
			e.lines.Forget(line.Text)
		}
	}
}

// physical tells whether an interface is there whatever is configured.
func physical(name string) bool {
	return strings.HasPrefix(name, "Ethernet") || strings.HasPrefix(name, "Management")
}

func interfacePath(name string) Path {
	return Path{{Name: "interfaces"}, {Name: "interface", Keys: []Key{{"name", name}}}}
}

func (n *Node) has(p Path) bool {
	found := false
	(&Tree{Root: n}).Find(p, func(Path, *Node) { found = true })
	return found
}
