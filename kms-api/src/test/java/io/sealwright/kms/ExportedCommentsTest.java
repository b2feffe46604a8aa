package io.sealwright.kms;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExportsTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.Tree.Kind;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Each element that users see has a comment, in the exported packages of every module. The compiler's own check
 * ({@code -Xdoclint:missing}) is not used, since it also demands tags that would only repeat the signature.
 */
class ExportedCommentsTest {
    @TestFactory
    Stream<DynamicTest> exportedElement_ofEachModule_hasComment() throws IOException {
        List<Path> roots;
        try (Stream<Path> modules = Files.list(Path.of("..").toRealPath())) {
            roots = modules.map(module -> module.resolve("src/main/java"))
                    .filter(root -> Files.exists(root.resolve("module-info.java")))
                    .sorted()
                    .toList();
        }
        assertThat(roots).as("modules with a descriptor").isNotEmpty();
        return roots.stream()
                .map(root -> DynamicTest.dynamicTest(
                        nameOf(root),
                        () -> assertThat(uncommented(root))
                                .as("exported elements without a comment")
                                .isEmpty()));
    }

    private static String nameOf(Path root) {
        return root.getParent().getParent().getParent().getFileName().toString();
    }

    private static List<String> uncommented(Path root) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                Stream<Path> sources = Files.walk(root)) {
            List<Path> java =
                    sources.filter(path -> path.toString().endsWith(".java")).toList();
            JavacTask task = (JavacTask)
                    compiler.getTask(null, files, null, null, null, files.getJavaFileObjectsFromPaths(java));
            List<CompilationUnitTree> units = new ArrayList<>();
            task.parse().forEach(units::add);
            List<String> exported = units.stream()
                    .filter(unit -> unit.getModule() != null)
                    .flatMap(unit -> unit.getModule().getDirectives().stream())
                    .filter(ExportsTree.class::isInstance)
                    .map(ExportsTree.class::cast)
                    .filter(exports -> exports.getModuleNames() == null)
                    .map(exports -> exports.getPackageName().toString())
                    .toList();
            Finder finder = new Finder(DocTrees.instance(task));
            for (CompilationUnitTree unit : units) {
                if (unit.getPackageName() != null
                        && exported.contains(unit.getPackageName().toString())) {
                    finder.scan(unit, null);
                }
            }
            return finder.found;
        }
    }

    private static final class Finder extends TreePathScanner<Void, Void> {
        private final DocTrees trees;
        private final List<String> found = new ArrayList<>();

        Finder(DocTrees trees) {
            this.trees = trees;
        }

        @Override
        public Void visitClass(ClassTree type, Void unused) {
            if (!isSeen(type.getModifiers())) {
                return null;
            }
            check(type.getSimpleName().toString());
            return super.visitClass(type, null);
        }

        @Override
        public Void visitMethod(MethodTree method, Void unused) {
            boolean overrides = method.getModifiers().getAnnotations().stream()
                    .anyMatch(annotation ->
                            annotation.getAnnotationType().toString().equals("Override"));
            if (isSeen(method.getModifiers()) && !overrides && !isGenerated(method)) {
                check(enclosing().getSimpleName() + "." + method.getName());
            }
            return null; // what a body declares is nobody's business
        }

        @Override
        public Void visitVariable(VariableTree field, Void unused) {
            // A record describes its components in its own comment.
            boolean component = enclosing().getKind() == Kind.RECORD
                    && !field.getModifiers().getFlags().contains(Modifier.STATIC);
            if (isSeen(field.getModifiers()) && !component) {
                check(enclosing().getSimpleName() + "." + field.getName());
            }
            return null;
        }

        /** Whether a user can name what has these modifiers, being a member of something that a user can name. */
        private boolean isSeen(ModifiersTree modifiers) {
            if (modifiers.getFlags().contains(Modifier.PUBLIC)
                    || modifiers.getFlags().contains(Modifier.PROTECTED)) {
                return true;
            }
            Tree parent = getCurrentPath().getParentPath().getLeaf();
            return (parent.getKind() == Kind.INTERFACE || parent.getKind() == Kind.ANNOTATION_TYPE)
                    && !modifiers.getFlags().contains(Modifier.PRIVATE);
        }

        /** A constructor that the compiler wrote into the tree by itself has no place in the source. */
        private boolean isGenerated(MethodTree method) {
            return trees.getSourcePositions().getEndPosition(getCurrentPath().getCompilationUnit(), method) < 0;
        }

        private ClassTree enclosing() {
            return (ClassTree) getCurrentPath().getParentPath().getLeaf();
        }

        private void check(String name) {
            TreePath path = getCurrentPath();
            if (trees.getDocComment(path) == null) {
                found.add(path.getCompilationUnit().getPackageName() + "." + name);
            }
        }
    }
}
