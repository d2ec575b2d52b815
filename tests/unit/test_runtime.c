/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: runtimes and interpreters by their ELF files, made here byte by byte; and ELF files made to hurt. */
#include <elf.h>

#include "lib/modelcap-internal.h"
#include "model-files.h"

static ModelcapSet *set;

static void setup(void)
{
        set = shipped_modelcaps();
}

static void teardown(void)
{
        modelcap_set_free(set);
}

TestSuite(runtime, .init = setup, .fini = teardown);

typedef struct ElfPlan {
        const char *soname;
        const char *needed[4];
        const char *defined[4], *imported[4];
} ElfPlan;

#define STRINGS_AT 0x400U
#define SYMBOLS_AT 0x800U
#define HASH_AT 0xc00U
#define DYNAMIC_AT 0xe00U
#define END_AT 0x1000U

static uint64_t add_string(char *strings, size_t *n, const char *s)
{
        uint64_t at = *n;

        strcpy(strings + *n, s);
        *n += strlen(s) + 1;
        return at;
}

/* A shared object without section headers: one segment, dynamic section, symbols, DT_HASH. */
static Bytes make_elf(const ElfPlan *plan)
{
        unsigned char file[END_AT] = {};
        Elf64_Ehdr *e = (Elf64_Ehdr *) file;
        Elf64_Phdr *ph = (Elf64_Phdr *) (file + sizeof(*e));
        Elf64_Sym *sym = (Elf64_Sym *) (file + SYMBOLS_AT);
        Elf64_Dyn *dyn = (Elf64_Dyn *) (file + DYNAMIC_AT);
        char *strings = (char *) file + STRINGS_AT;
        size_t n_strings = 1, n_sym = 1;
        Bytes b = {};

        memcpy(e->e_ident, ELFMAG, SELFMAG);
        e->e_ident[EI_CLASS] = ELFCLASS64;
        e->e_ident[EI_DATA] = ELFDATA2LSB;
        e->e_type = ET_DYN;
        e->e_phoff = sizeof(*e);
        e->e_phentsize = sizeof(*ph);
        e->e_phnum = 2;
        ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = 0x10000, .p_filesz = END_AT, .p_memsz = END_AT };
        ph[1] = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
                              .p_offset = DYNAMIC_AT,
                              .p_vaddr = 0x10000 + DYNAMIC_AT,
                              .p_filesz = 0x200 };
        for (size_t i = 0; i < 4 && plan->imported[i]; i++)
                sym[n_sym++] = (Elf64_Sym){ .st_name = (Elf64_Word) add_string(strings, &n_strings,
                                                                               plan->imported[i]) };
        for (size_t i = 0; i < 4 && plan->defined[i]; i++)
                sym[n_sym++] = (Elf64_Sym){ .st_name = (Elf64_Word) add_string(strings, &n_strings,
                                                                               plan->defined[i]),
                                            .st_shndx = 1 };
        ((uint32_t *) (file + HASH_AT))[0] = 1;
        ((uint32_t *) (file + HASH_AT))[1] = (uint32_t) n_sym;
        *dyn++ = (Elf64_Dyn){ .d_tag = DT_STRTAB, .d_un.d_ptr = 0x10000 + STRINGS_AT };
        *dyn++ = (Elf64_Dyn){ .d_tag = DT_STRSZ, .d_un.d_val = SYMBOLS_AT - STRINGS_AT };
        *dyn++ = (Elf64_Dyn){ .d_tag = DT_SYMTAB, .d_un.d_ptr = 0x10000 + SYMBOLS_AT };
        *dyn++ = (Elf64_Dyn){ .d_tag = DT_HASH, .d_un.d_ptr = 0x10000 + HASH_AT };
        if (plan->soname)
                *dyn++ = (Elf64_Dyn){ .d_tag = DT_SONAME,
                                      .d_un.d_val = add_string(strings, &n_strings, plan->soname) };
        for (size_t i = 0; i < 4 && plan->needed[i]; i++)
                *dyn++ = (Elf64_Dyn){ .d_tag = DT_NEEDED,
                                      .d_un.d_val = add_string(strings, &n_strings, plan->needed[i]) };
        put(&b, file, sizeof(file));
        return b;
}

static Classification scan_elf(const ElfPlan *plan, const char *path)
{
        _cleanup_bytes_ Bytes b = make_elf(plan);

        return scan_bytes_at(set, b.data, b.n, path);
}

static const struct {
        const char *what;
        ElfPlan plan;
        const char *path;
        RuntimeKind kind;
        const char *evidence;
} cases[] = {
        { "ONNX Runtime by its soname, renamed",
          { .soname = "libonnxruntime.so.1.30.0" },
          "/x/libz.so",
          RUNTIME_STRONG,
          "soname" },
        { "by what it exports",
          { .soname = "libx.so", .defined = { "foo", "OrtGetApiBase" } },
          "/x/libx.so",
          RUNTIME_STRONG,
          "dynsym" },
        { "a static addon with ggml",
          { .needed = { "libgomp.so.1" }, .defined = { "ggml_abort" } },
          "/x/index.node",
          RUNTIME_STRONG,
          "dynsym" },
        { "importing says nothing by itself",
          { .imported = { "OrtGetApiBase" } },
          "/x/libx.so",
          RUNTIME_NONE,
          "" },
        { "needing does",
          { .needed = { "libonnxruntime.so.1" }, .imported = { "OrtGetApiBase" } },
          "/x/onnx.node",
          RUNTIME_STRONG,
          "needed" },
        { "PyTorch",
          { .soname = "libtorch_cpu.so.1.13", .needed = { "libopencv_dnn.so.406" } },
          "/x/l.so",
          RUNTIME_STRONG,
          "soname" },
        { "OpenCV's DNN alone is weak",
          { .soname = "libopencv_dnn.so.406" },
          "/x/libopencv_dnn.so.406",
          RUNTIME_WEAK,
          "soname" },
        { "needing it is weak",
          { .needed = { "libopencv_dnn.so.406" } },
          "/x/cv.so",
          RUNTIME_WEAK,
          "needed" },
        { "OpenCL", { .soname = "libOpenCL.so.1" }, "/x/libOpenCL.so.1", RUNTIME_WEAK, "soname" },
        { "a file name alone is weak", {}, "/x/libggml-cpu-haswell.so", RUNTIME_WEAK, "file-name" },
        { "python by its library",
          { .needed = { "libpython3.11.so.1.0" } },
          "/x/anything",
          RUNTIME_INTERPRETER,
          "needed" },
        { "python, static",
          { .defined = { "Py_BytesMain" } },
          "/x/anything",
          RUNTIME_INTERPRETER,
          "dynsym" },
        { "node", { .defined = { "_ZN2v87Isolate3NewE" } }, "/x/anything", RUNTIME_INTERPRETER, "dynsym" },
        { "java", { .needed = { "libjli.so" } }, "/x/anything", RUNTIME_INTERPRETER, "needed" },
        { "called python and nothing like it", {}, "/usr/bin/python3", RUNTIME_NONE, "" },
        { "a strong one wins over an interpreter",
          { .needed = { "libpython3.11.so.1.0", "libtorch_python.so" } },
          "/x/_C.so",
          RUNTIME_STRONG,
          "needed" },
        { "libc",
          { .soname = "libc.so.6", .defined = { "malloc", "open" } },
          "/x/libc.so.6",
          RUNTIME_NONE,
          "" },
};

/* The names that the survey of runtimes has, as they are found on real hosts. By soname, or by file name where there is none. */
static const struct {
        const char *name;
        RuntimeKind kind;
} libraries[] = {
        { "libtorch.so.1.13", RUNTIME_STRONG },
        { "libtorch_cpu.so.1.13", RUNTIME_STRONG },
        { "libc10.so.1.13", RUNTIME_STRONG },
        { "libtorch_python.so.1.13", RUNTIME_STRONG },
        { "libtorch_global_deps.so.1.13", RUNTIME_STRONG },
        { "libtorch_cuda.so", RUNTIME_STRONG },
        { "libc10_cuda.so", RUNTIME_STRONG },
        { "libtorch_hip.so", RUNTIME_STRONG },
        { "libonnxruntime.so.1", RUNTIME_STRONG },
        { "libonnxruntime.so", RUNTIME_STRONG },
        { "libonnxruntime_providers_shared.so", RUNTIME_STRONG },
        { "libonnxruntime_providers_tensorrt.so", RUNTIME_STRONG },
        { "onnxruntime_binding.node", RUNTIME_STRONG },
        { "onnxruntime_pybind11_state.cpython-311-x86_64-linux-gnu.so", RUNTIME_STRONG },
        { "libsherpa-onnx-c-api.so", RUNTIME_STRONG },
        { "libsherpa-onnx-cxx-api.so", RUNTIME_STRONG },
        { "libtensorflow.so.2", RUNTIME_STRONG },
        { "libtensorflow_framework.so.2", RUNTIME_STRONG },
        { "libtensorflow_cc.so.2", RUNTIME_STRONG },
        { "_pywrap_tensorflow_internal.so", RUNTIME_STRONG },
        { "libtensorflowlite.so", RUNTIME_STRONG },
        { "libtensorflowlite_c.so", RUNTIME_STRONG },
        { "libtensorflow-lite.so.2.14.1", RUNTIME_STRONG },
        { "_pywrap_tensorflow_interpreter_wrapper.cpython-311.so", RUNTIME_STRONG },
        { "libLiteRt.so", RUNTIME_STRONG },
        { "libopenvino.so.2410", RUNTIME_STRONG },
        { "libopenvino_c.so", RUNTIME_STRONG },
        { "libopenvino_onnx_frontend.so", RUNTIME_STRONG },
        { "libopenvino_intel_npu_plugin.so", RUNTIME_STRONG },
        { "libncnn.so.1", RUNTIME_STRONG },
        { "libMNN.so", RUNTIME_STRONG },
        { "libMNN_Express.so", RUNTIME_STRONG },
        { "libpaddle_inference.so", RUNTIME_STRONG },
        { "libpaddle_light_api_shared.so", RUNTIME_STRONG },
        { "libtvm_runtime.so", RUNTIME_STRONG },
        { "librknnrt.so", RUNTIME_STRONG },
        { "libSNPE.so", RUNTIME_STRONG },
        { "libQnnHtp.so", RUNTIME_STRONG },
        { "libhailort.so.4.17.0", RUNTIME_STRONG },
        { "libedgetpu.so.1", RUNTIME_STRONG },
        { "libarmnn.so.22", RUNTIME_STRONG },
        { "libarmnnTfLiteParser.so.22", RUNTIME_STRONG },
        { "libcaffe.so.1", RUNTIME_STRONG },
        { "libmxnet.so", RUNTIME_STRONG },
        { "libdarknet.so", RUNTIME_STRONG },
        { "libggml.so.0", RUNTIME_STRONG },
        { "libggml-base.so", RUNTIME_STRONG },
        { "libllama.so", RUNTIME_STRONG },
        { "libllama.v0.5.0.so", RUNTIME_STRONG },
        { "libggml.v0.5.0.so", RUNTIME_STRONG },
        { "libggml.cuda.v0.5.0.so", RUNTIME_STRONG },
        { "libwhisper.so.1", RUNTIME_STRONG },
        { "libcudnn.so.9", RUNTIME_STRONG },
        { "libnvinfer.so.10", RUNTIME_STRONG },
        { "libnvinfer_plugin.so.10", RUNTIME_STRONG },
        { "libnvonnxparser.so.10", RUNTIME_STRONG },
        { "libMIOpen.so.1", RUNTIME_STRONG },
        { "libmigraphx.so.2", RUNTIME_STRONG },
        { "libze_intel_npu.so.1", RUNTIME_STRONG },
        { "libdnnl.so.2", RUNTIME_WEAK },
        { "libXNNPACK.so.0", RUNTIME_WEAK },
        { "libdlib.so.19", RUNTIME_WEAK },
        { "libopencv_dnn.so.406", RUNTIME_WEAK },
        { "libopencv_dnn_superres.so.406", RUNTIME_WEAK },
        { "libcuda.so.1", RUNTIME_WEAK },
        { "libcudart.so.12", RUNTIME_WEAK },
        { "libcublasLt.so.13", RUNTIME_WEAK },
        { "libamdhip64.so.6", RUNTIME_WEAK },
        { "libhsa-runtime64.so.1", RUNTIME_WEAK },
        { "librocblas.so.4", RUNTIME_WEAK },
        { "libze_loader.so.1", RUNTIME_WEAK },
        { "libOpenCL.so.1", RUNTIME_WEAK },
        { "libsycl.so.8", RUNTIME_WEAK },
        /* What draws pictures or is called alike. */
        { "libvulkan.so.1", RUNTIME_NONE },
        { "libGL.so.1", RUNTIME_NONE },
        { "libopencv_core.so.406", RUNTIME_NONE },
        { "libtorture.so.1", RUNTIME_NONE },
        { "libonnx.so.1", RUNTIME_NONE },
};

Test(runtime, by_soname_whatever_the_file_is_called)
{
        for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
                const ElfPlan plan = { .soname = libraries[i].name };
                Classification c = scan_elf(&plan, "/opt/app/libz.so");

                cr_expect_eq(c.runtime, libraries[i].kind, "%s: %s", libraries[i].name,
                             runtime_kind_to_string((RuntimeKind) c.runtime));
        }
}

/* Somebody may call anything so: that is a reason to look, not to refuse. */
Test(runtime, a_name_alone_is_weak_at_most)
{
        const ElfPlan plan = {};

        for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
                Classification c;
                char path[128];

                (void) snprintf(path, sizeof(path), "/opt/app/%s", libraries[i].name);
                c = scan_elf(&plan, path);
                cr_expect_eq(c.runtime, MIN(libraries[i].kind, RUNTIME_WEAK), "%s: %s", libraries[i].name,
                             runtime_kind_to_string((RuntimeKind) c.runtime));
        }
}

/* No soname, a name that says nothing, linked into one file: what it exports. */
static const char *const exports[] = {
        "OrtGetApiBase",
        "TfLiteInterpreterCreate",
        "TF_NewSession",
        "TF_LoadSessionFromSavedModel",
        "ggml_abort",
        "ggml_init",
        "ggml_backend_score",
        "ggml_backend_init",
        "llama_decode",
        "llama_model_load_from_file",
        "whisper_full",
        "_ZN3c104impl8GenericListE",
        "_ZN2at6native3addE",
        "_ZN3MNN11Interpreter14createFromFileEPKc",
        "_ZN4ncnn3Net10load_modelEPKc",
        "ncnn_net_create",
        "_ZN2ov4Core10read_modelE",
        "createInferRuntime_INTERNAL",
        "SherpaOnnxCreateOfflineRecognizer",
        "network_predict",
};

Test(runtime, static_addons_by_what_they_export)
{
        for (size_t i = 0; i < ARRAY_SIZE(exports); i++) {
                const ElfPlan addon = { .needed = { "libgomp.so.1", "libc.so.6" },
                                        .defined = { "napi_register_module_v1", exports[i] } };
                const ElfPlan user = { .needed = { "libc.so.6" }, .imported = { exports[i] } };
                Classification c = scan_elf(&addon, "/srv/app/node_modules/x/index.node");

                cr_expect_eq(c.runtime, RUNTIME_STRONG, "%s", exports[i]);
                cr_expect_str_eq(c.runtime_evidence.kind, "dynsym", "%s", exports[i]);
                c = scan_elf(&user, "/srv/app/node_modules/x/index.node");
                cr_expect_eq(c.runtime, RUNTIME_NONE, "imports %s", exports[i]);
        }
}

Test(runtime, kinds)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Classification c = scan_elf(&cases[i].plan, cases[i].path);

                cr_expect_str_eq(c.format, "elf", "%s", cases[i].what);
                cr_expect_eq(c.status, SCAN_NOT_A_MODEL, "%s", cases[i].what);
                cr_expect_eq(c.runtime, cases[i].kind, "%s: %s", cases[i].what,
                             runtime_kind_to_string((RuntimeKind) c.runtime));
                cr_expect_str_eq(c.runtime_evidence.kind, cases[i].evidence, "%s", cases[i].what);
        }
}

/* The interpreter that runs the build, if there is one, as a real file. */
Test(runtime, real_files)
{
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        Classification c;

        cr_assert_geq(fd, 0);
        scan_fd(fd, "/test", NULL, 0, set, &c);
        cr_assert_str_eq(c.format, "elf");
        cr_assert_eq(c.runtime, RUNTIME_NONE, "%s %s", c.runtime_evidence.kind, c.runtime_evidence.detail);
        close(fd);
        fd = open("/usr/bin/python3", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        scan_fd(fd, "/test", NULL, 0, set, &c);
        cr_assert_eq(c.runtime, RUNTIME_INTERPRETER);
        close(fd);
}

/* One file with the runtime linked in: nothing is exported, nothing needed, and strip(1) was not asked. */
static Bytes add_symbol_table(Bytes b, const char *const *names, size_t n)
{
        Elf64_Shdr sections[3] = {};
        size_t strings_at, symbols_at;
        Elf64_Sym none = {};

        strings_at = b.n;
        put_byte(&b, 0);
        for (size_t i = 0; i < n; i++)
                put(&b, names[i], strlen(names[i]) + 1);
        sections[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
                                    .sh_offset = strings_at,
                                    .sh_size = b.n - strings_at };
        symbols_at = b.n;
        put(&b, &none, sizeof(none));
        for (size_t i = 0, at = 1; i < n; at += strlen(names[i]) + 1, i++) {
                Elf64_Sym symbol = { .st_name = (Elf64_Word) at, .st_shndx = 1 };

                put(&b, &symbol, sizeof(symbol));
        }
        sections[1] = (Elf64_Shdr){
                .sh_type = SHT_SYMTAB, .sh_offset = symbols_at, .sh_size = b.n - symbols_at, .sh_link = 2
        };
        ((Elf64_Ehdr *) b.data)->e_shoff = b.n;
        ((Elf64_Ehdr *) b.data)->e_shentsize = sizeof(sections[0]);
        ((Elf64_Ehdr *) b.data)->e_shnum = 3;
        put(&b, sections, sizeof(sections));
        return b;
}

Test(runtime, linked_into_one_program)
{
        static const struct {
                const char *names[3];
                RuntimeKind kind;
        } cases_linked[] = {
                { { "main", "ggml_init", "ggml_graph_compute" }, RUNTIME_STRONG },
                { { "main", "_ZN4ncnn3Net10load_modelEPKc", "_ZN4ncnn9Extractor5inputEi" }, RUNTIME_STRONG },
                { { "main", "load_network", "network_predict" }, RUNTIME_STRONG },
                { { "main", "load_network", "save_network" }, RUNTIME_NONE }, /* anybody's name */
                { { "main", "luaL_newstate", "Py_BytesMain" }, RUNTIME_NONE },
                { { "main", "foo", "bar" }, RUNTIME_NONE },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases_linked); i++) {
                const ElfPlan plan = { .needed = { "libc.so.6" }, .imported = { "malloc" } };
                _cleanup_bytes_ Bytes b = add_symbol_table(make_elf(&plan), cases_linked[i].names, 3);
                Classification c = scan_bytes_at(set, b.data, b.n, "/usr/bin/tool");

                cr_expect_eq(c.runtime, cases_linked[i].kind, "%zu: %s", i,
                             runtime_kind_to_string((RuntimeKind) c.runtime));
                cr_expect_str_eq(c.runtime_evidence.kind, c.runtime ? "symtab" : "");
                /* Section headers that lie cost nothing but themselves. */
                for (size_t k = b.n - 3 * sizeof(Elf64_Shdr); k < b.n; k++) {
                        b.data[k] ^= 0xff;
                        (void) scan_bytes(set, &b);
                        b.data[k] ^= 0xff;
                }
        }
}

Test(runtime, every_byte_changed)
{
        const ElfPlan plan = {
                .soname = "libx.so", .needed = { "libc.so.6" }, .defined = { "a", "b" }, .imported = { "c" }
        };
        _cleanup_bytes_ Bytes b = make_elf(&plan);

        for (size_t i = 0; i < b.n; i++) {
                unsigned char old = b.data[i];

                if (i > 0x200 && i < 0xc00 && !old)
                        continue;
                b.data[i] = 0xff;
                (void) scan_bytes(set, &b);
                b.data[i] = (unsigned char) (old ^ 0x81);
                (void) scan_bytes(set, &b);
                b.data[i] = old;
        }
        for (size_t n = 0; n < b.n; n += 7)
                (void) scan_bytes_at(set, b.data, n, "");
}

/* Tables that claim to be endless. */
Test(runtime, lies)
{
        const ElfPlan plan = { .defined = { "a" } };
        _cleanup_bytes_ Bytes b = make_elf(&plan);
        double begin = milliseconds();
        Classification c;

        ((uint32_t *) (b.data + HASH_AT))[1] = UINT32_MAX;
        ((Elf64_Dyn *) (b.data + DYNAMIC_AT))[1].d_un.d_val = UINT64_MAX;
        c = scan_bytes(set, &b);
        cr_assert_eq(c.runtime, RUNTIME_NONE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
}
