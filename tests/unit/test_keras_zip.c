/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the reader of .keras. Keras is not in Debian: zip and HDF5 come
 * from Python's zipfile and h5py, with the members that Keras writes.
 */
#include "real-files.h"

static ModelcapSet *set;

static void setup(void)
{
        set = shipped_modelcaps();
}

static void teardown(void)
{
        modelcap_set_free(set);
}

TestSuite(keras_zip, .init = setup, .fini = teardown);

#define WRITER                                                                                              \
        "import io, json, zipfile, numpy as np\n"                                                           \
        "def layer(cls, n, **more): return {'module': 'keras.layers', 'class_name': cls, 'config': "        \
        "dict(more, name=n), 'registered_name': None}\n"                                                    \
        "def config(net, units): return {'module': 'keras', 'class_name': 'Functional', 'config': "         \
        "{'name': "                                                                                         \
        "net, 'layers': [layer('InputLayer', 'x', batch_shape=[None, 48, 48, 1], dtype={'module': "         \
        "'keras', "                                                                                         \
        "'class_name': 'DTypePolicy', 'config': {'name': 'float32'}}), layer('Dense', 'y', units=units)], " \
        "'output_layers': ['y', 0, 0]}}\n"                                                                  \
        "w = io.BytesIO(); f = h5py.File(w, 'w')\n"                                                         \
        "f.create_dataset('layers/dense/vars/0', data=np.zeros((2304, 7), 'f4')); f.close()\n"              \
        "z = zipfile.ZipFile(name, 'w')\n"                                                                  \
        "z.writestr('metadata.json', json.dumps({'keras_version': '3.0.0'}))\n"

#define END "z.writestr('model.weights.h5', w.getvalue())\nz.close()\n"

static Bytes written(const char *net, const char *end)
{
        char script[4096];

        (void) snprintf(script, sizeof(script),
                        WRITER "z.writestr('config.json', json.dumps(config(%s)))\n%s", net, end);
        return python_file("h5py", script);
}

Test(keras_zip, net_and_labels)
{
        static const struct {
                const char *net, *end;
                int certainty;
        } cases[] = {
                { "'functional_1', 7", END, CERTAINTY_SUSPECT }, /* by its shape */
                { "'functional_1', 2", END, -1 },
                { "'facial_emotion', 7", END, CERTAINTY_IDENTIFIED },
                { "'functional_1', 7",
                  "z.writestr('assets/labels.txt', 'angry\\nhappy\\nsad\\nneutral\\n')\n" END,
                  CERTAINTY_IDENTIFIED },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_bytes_ Bytes b = written(cases[i].net, cases[i].end);
                Classification c = scan_bytes(set, &b);

                cr_assert_str_eq(c.format, "keras-v3", "%zu: %s", i, c.reason);
                cr_assert_eq(certainty_of(&c, "emotion.face"), cases[i].certainty, "%zu: %s", i,
                             scan_status_to_string((ScanStatus) c.status));
                cr_assert_lt(c.bytes_read, 16384U);
        }
}

Test(keras_zip, another_zip)
{
        _cleanup_bytes_ Bytes b = python_file("zipfile", "z = zipfile.ZipFile(name, 'w')\n"
                                                         "z.writestr('config.json', '{\"a\": 1}')\n"
                                                         "z.writestr('metadata.json', '{}')\nz.close()\n");

        cr_assert_eq(scan_bytes(set, &b).status, SCAN_NOT_A_MODEL);
}

/* The weights are broken, and the zip around them is not. */
Test(keras_zip, broken_weights)
{
        _cleanup_bytes_ Bytes b =
                        written("'functional_1', 2",
                                "z.writestr('model.weights.h5', b'\\x89HDF\\r\\n\\x1a\\n' + bytes(200))\n"
                                "z.close()\n");

        cr_assert_eq(scan_bytes(set, &b).status, SCAN_UNPARSABLE);
}
