/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the files of a model that do not lie beside it: the cache of the Hugging Face hub, onnx/. */
#include "lib/scan-client.h"
#include "model-files.h"
#include "temporary.h"

static char root[64];

static const char *in(const char *name)
{
        static char paths[4][200];
        static unsigned turn;

        turn = (turn + 1) % 4;
        (void) snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", root, name);
        return paths[turn];
}

static void dir(const char *name)
{
        cr_assert_eq(mkdir(in(name), 0700), 0, "%s", name);
}

static void file(const char *name, const char *text)
{
        FILE *f = fopen(in(name), "w");

        cr_assert(f);
        fputs(text, f);
        fclose(f);
}

static void setup(void)
{
        (void) snprintf(root, sizeof(root), "/tmp/aiguard-siblings-XXXXXX");
        cr_assert(mkdtemp(root));
        dir("models--org--net");
        dir("models--org--net/blobs");
        dir("models--org--net/snapshots");
        dir("models--org--net/snapshots/0123abcd");
        dir("models--org--net/snapshots/0123abcd/onnx");
        file("models--org--net/blobs/c0ffee", "config");
        file("models--org--net/blobs/feed", "weights");
        file("models--org--net/blobs/f00d", "graph");
        file("models--org--net/blobs/other", "of no snapshot");
        cr_assert_eq(symlink("../../blobs/c0ffee", in("models--org--net/snapshots/0123abcd/config.json")),
                     0);
        cr_assert_eq(symlink("../../blobs/feed",
                             in("models--org--net/snapshots/0123abcd/model.safetensors")),
                     0);
        cr_assert_eq(symlink("../../../blobs/f00d",
                             in("models--org--net/snapshots/0123abcd/onnx/model.onnx")),
                     0);
}

static void teardown(void)
{
        remove_tree(root);
}

TestSuite(siblings, .init = setup, .fini = teardown);

/* How many siblings there are; the first one's name and text. */
static size_t open_at(const char *directory, const char *self, char name[64], char text[32])
{
        ScanSibling siblings[SCAN_SIBLINGS_MAX];
        int fd = open(in(directory), O_PATH | O_DIRECTORY | O_CLOEXEC);
        size_t n = scan_siblings_open(fd, self, false, siblings);

        memset(text, 0, 32);
        if (n > 0) {
                (void) snprintf(name, 64, "%s", siblings[0].name);
                cr_assert_geq(read(siblings[0].fd, text, 31), 0);
        }
        scan_siblings_close(siblings, n);
        close(fd);
        return n;
}

Test(siblings, of_a_blob)
{
        char name[64], text[32];

        cr_assert_eq(open_at("models--org--net/blobs", "feed", name, text), 1U);
        cr_assert_str_eq(name, "config.json");
        cr_assert_str_eq(text, "config");
        /* One that is in a directory of the snapshot. */
        cr_assert_eq(open_at("models--org--net/blobs", "f00d", name, text), 1U);
        cr_assert_str_eq(text, "config");
        cr_assert_eq(open_at("models--org--net/blobs", "other", name, text), 0U);
}

/* What a snapshot links to is never followed: only its name counts, among the blobs. */
Test(siblings, of_a_hostile_snapshot)
{
        const char *config = in("models--org--net/snapshots/0123abcd/config.json");
        char name[64], text[32];

        cr_assert_eq(unlink(config), 0);
        cr_assert_eq(symlink("/etc/passwd", config), 0);
        cr_assert_eq(open_at("models--org--net/blobs", "feed", name, text), 0U);
        cr_assert_eq(unlink(config), 0);
        cr_assert_eq(symlink("..", config), 0);
        cr_assert_eq(open_at("models--org--net/blobs", "feed", name, text), 0U);
        cr_assert_eq(unlink(config), 0);
        cr_assert_eq(mkfifo(in("models--org--net/blobs/fifo"), 0600), 0);
        cr_assert_eq(symlink("../../blobs/fifo", config), 0);
        cr_assert_eq(open_at("models--org--net/blobs", "feed", name, text), 0U);
}

Test(siblings, only_so_many_names_are_looked_at)
{
        char name[200], text[32], found[64];
        double begin = milliseconds();

        for (int i = 0; i < 5000; i++) {
                (void) snprintf(name, sizeof(name), "models--org--net/snapshots/%d", i);
                dir(name);
        }
        begin = milliseconds();
        (void) open_at("models--org--net/blobs", "other", found, text);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
}

Test(siblings, above_onnx)
{
        char name[64], text[32];

        dir("model");
        dir("model/onnx");
        dir("model/other");
        file("model/config.json", "above");
        cr_assert_eq(open_at("model/onnx", "model.onnx", name, text), 1U);
        cr_assert_str_eq(text, "above");
        cr_assert_eq(open_at("model/other", "model.onnx", name, text), 0U);
        file("model/onnx/config.json", "beside");
        cr_assert_eq(open_at("model/onnx", "model.onnx", name, text), 1U);
        cr_assert_str_eq(text, "beside");
}

static const char weights_manifest[] =
                "{\"format\":\"graph-model\",\"generatedBy\":\"2.4.0\",\"modelTopology\":{\"node\":["
                "{\"name\":\"input\",\"op\":\"Placeholder\"},{\"name\":\"facial_emotion/"
                "Softmax\",\"op\":\"Softmax\"}]},"
                "\"weightsManifest\":[{\"paths\":[\"net.bin\",\"group1-shard2of2.bin\",\"emotion.bin\"],"
                "\"weights\":[{"
                "\"name\":\"dense/kernel\","
                "\"shape\":[128,7],\"dtype\":\"float32\"}]}]}";

/* As the daemon does it: the siblings of the file, then the scan. */
static Classification scan_at(const ModelcapSet *set, const char *directory, const char *name)
{
        ScanSibling siblings[SCAN_SIBLINGS_MAX];
        int dir_fd = open(in(directory), O_PATH | O_DIRECTORY | O_CLOEXEC),
            fd = openat(dir_fd, name, O_RDONLY);
        size_t n = scan_siblings_open(dir_fd, name, false, siblings);
        char path[128];
        Classification c;

        cr_assert_geq(fd, 0);
        (void) snprintf(path, sizeof(path), "/srv/%s", name);
        scan_fd(fd, path, siblings, n, set, &c);
        scan_siblings_close(siblings, n);
        close(fd);
        close(dir_fd);
        return c;
}

/* TensorFlow.js needs no native library, and its weights are numbers and nothing else: their manifest speaks for them. */
Test(siblings, weights_of_tensorflow_js)
{
        static const struct {
                const char *weights, *manifest;
                bool named;
        } cases[] = {
                { "net.bin", "net.json", true },
                { "group1-shard2of2.bin", "model.json", true },
                { "net.bin", "net-weights_manifest.json", true },
                { "other.bin", "other.json", false }, /* a manifest of other files */
                { "net.dat", "net.json", false },
        };
        ModelcapSet *set = shipped_modelcaps();
        char numbers[257];

        memset(numbers, '7', sizeof(numbers) - 1);
        numbers[256] = 0;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char name[32], path[100];
                Classification c;

                (void) snprintf(name, sizeof(name), "tfjs%zu", i);
                dir(name);
                (void) snprintf(path, sizeof(path), "%s/%s", name, cases[i].weights);
                file(path, numbers);
                cr_assert_eq(scan_at(set, name, cases[i].weights).n_modelcaps, 0, "%zu", i);
                (void) snprintf(path, sizeof(path), "%s/%s", name, cases[i].manifest);
                file(path, weights_manifest);
                c = scan_at(set, name, cases[i].weights);
                cr_assert_eq(certainty_of(&c, "emotion.face") >= CERTAINTY_SUSPECT, cases[i].named,
                             "%zu: %s", i, scan_status_to_string((ScanStatus) c.status));
                cr_assert_str_eq(c.format, cases[i].named ? "tfjs-weights" : c.format);
        }
        modelcap_set_free(set);
}

/* The manifest is hostile as well. */
Test(siblings, a_manifest_that_is_cut_off)
{
        ModelcapSet *set = shipped_modelcaps();
        char text[sizeof(weights_manifest)];

        dir("cut");
        file("cut/net.bin", "0123456789012345678901234567890123456789012345678901234567890123456789");
        for (size_t n = 0; n < sizeof(text); n += 7) {
                memcpy(text, weights_manifest, n);
                text[n] = 0;
                file("cut/net.json", text);
                (void) scan_at(set, "cut", "net.bin");
        }
        modelcap_set_free(set);
}
