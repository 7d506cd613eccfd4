package integration

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "example.com/weir"

// mayImport is the architecture: what each folder may use besides itself.
// package main may use everything. Nothing may use integration.
var mayImport = map[string][]string{
	"flowio":      {},
	"persistence": {"flowio"},
	"actors":      {"flowio", "persistence"},
	"graph":       {"flowio", "persistence"},
	"rest":        {"flowio", "persistence"},
	"frontend":    {},
}

// livesOnlyIn is the same for other people's modules: the folders that may
// import them.
var livesOnlyIn = map[string][]string{
	"github.com/asynkron/protoactor-go":    {"actors"},
	"google.golang.org/grpc":               {"actors"},
	"github.com/hashicorp/raft":            {"actors"},
	"github.com/99designs/gqlgen":          {"graph"},
	"github.com/gin-gonic/gin":             {"rest"},
	"github.com/swaggest/swgui":            {"rest"},
	"go.etcd.io/bbolt":                     {"persistence"},
	"github.com/parquet-go/parquet-go":     {"persistence/flowstore", "integration"},
	"github.com/VictoriaMetrics/fastcache": {"persistence/resultcache"},
	"github.com/gosnmp/gosnmp":             {"flowio/snmp"},
	"github.com/gopacket/gopacket":         {"flowio/flowtest", "flowio/sflow", "integration"},
	"github.com/prometheus/client_golang":  {"actors", "rest", "."},
}

// oracles are modules that tests of any folder may compare with.
var oracles = []string{"github.com/parquet-go/parquet-go"}

// apart lists packages that never import one another, although they share a
// folder.
var apart = []string{"actors/master", "actors/proxy", "actors/slave"}

// The test parses files itself instead of running "go list": go test then
// knows which files it read and does not answer from its cache.
func TestImportDirections(t *testing.T) {
	for file, imports := range goImports(t) {
		folder, _, _ := strings.Cut(path.Dir(file), "/")
		allowed, bound := mayImport[folder]
		for _, imported := range imports {
			rest, ours := strings.CutPrefix(imported, module+"/")
			to, _, _ := strings.Cut(rest, "/")
			switch {
			case ours && to == "integration":
				t.Errorf("%s imports %s; nothing may use integration", file, rest)
			case ours && bound && to != folder && !slices.Contains(allowed, to):
				t.Errorf("%s imports %s; %s may use only %v", file, rest, folder, allowed)
			case ours && slices.Contains(apart, rest) && slices.Contains(apart, path.Dir(file)) && rest != path.Dir(file):
				t.Errorf("%s imports %s; the roles never import one another", file, rest)
			}
		}
	}
}

func TestModulesStayInTheirFolders(t *testing.T) {
	for file, imports := range goImports(t) {
		for _, imported := range imports {
			for module, folders := range livesOnlyIn {
				if imported != module && !strings.HasPrefix(imported, module+"/") {
					continue
				}
				if strings.HasSuffix(file, "_test.go") && slices.Contains(oracles, module) {
					continue
				}
				if !slices.ContainsFunc(folders, func(f string) bool {
					return f == path.Dir(file) || strings.HasPrefix(path.Dir(file), f+"/")
				}) {
					t.Errorf("%s imports %s, which lives only in %v", file, imported, folders)
				}
			}
		}
	}
}

// goImports returns the imports of every Go file of the module, by path from
// its root.
func goImports(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "bin":
			return fs.SkipDir
		case path.Ext(name) != ".go":
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		imports[name] = []string{}
		for _, spec := range file.Imports {
			imports[name] = append(imports[name], strings.Trim(spec.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return imports
}
