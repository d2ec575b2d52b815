/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the reader of Keras HDF5 files, on files that h5py wrote with the
 * attributes and groups that Keras gives them, and on the same files broken.
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

TestSuite(keras_hdf5, .init = setup, .fini = teardown);

/* a: the arguments of File(); then what is done with the file f */
#define H5(a, body)                                                                                         \
        "import json, numpy as np\n"                                                                        \
        "def layer(cls, name, **more): return {'class_name': cls, 'config': dict(more, name=name)}\n"       \
        "def net(name, units): return json.dumps({'class_name': 'Functional', 'config': {'name': name, "    \
        "'layers': [layer('InputLayer', 'input_1', batch_input_shape=[None, 48, 48, 1]), "                  \
        "layer('Conv2D', 'conv', filters=8, kernel_size=[3, 3]), layer('GlobalAveragePooling2D', 'pool'), " \
        "layer('Dense', 'out', units=units)], 'output_layers': [['out', 0, 0]]}})\n"                        \
        "def weights(g, layers):\n"                                                                         \
        "    g.attrs['layer_names'] = [n.encode() for n in layers]\n"                                       \
        "    g.attrs['backend'] = 'tensorflow'; g.attrs['keras_version'] = '2.9.0'\n"                       \
        "    for n, s in layers.items():\n"                                                                 \
        "        w = g.create_group(n)\n"                                                                   \
        "        w.attrs['weight_names'] = [(n + '/kernel:0').encode()]\n"                                  \
        "        w.create_dataset(n + '/kernel:0', data=np.arange(int(np.prod(s)), "                        \
        "dtype='f4').reshape(s))\n"                                                                         \
        "LAYERS = {'conv': (3, 3, 1, 8), 'out': (8, 7)}\n"                                                  \
        "f = h5py.File(sys.argv[1], 'w', " a ")\n" body "f.close()\n"

#define FER "['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral']"

static Bytes written(const char *script)
{
        return python_file("h5py", script);
}

static Classification scan_written(const char *script)
{
        _cleanup_bytes_ Bytes b = written(script);

        return scan_bytes(set, &b);
}

#define MODEL \
        "f.attrs['model_config'] = net('model_1', 7)\nweights(f.create_group('model_weights'), LAYERS)\n"

/* Every way h5py knows of storing the same: old and new headers, a block of the user's before it, fixed strings. */
Test(keras_hdf5, the_net_in_every_layout)
{
        static const char *const scripts[] = {
                H5("", MODEL),
                H5("libver='latest'", MODEL),
                H5("libver=('earliest', 'v108')", MODEL),
                H5("userblock_size=2048", MODEL),
                H5("track_order=True", MODEL),
                H5("", "f.attrs['model_config'] = np.bytes_(net('model_1', 7).encode())\n"
                       "weights(f.create_group('model_weights'), LAYERS)\n"),
                /* so many attributes that the header goes on elsewhere */
                H5("", "for i in range(60): f.attrs['a%d' % i] = 'x' * 40\n" MODEL),
                /* a description longer than a header may be, and many layers */
                H5("", "f.attrs['model_config'] = net('m' * 100000, 7)\n"
                       "weights(f.create_group('model_weights'), {'l%d' % i: (3, 3, 8, 8) for i in "
                       "range(200)})\n"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                Classification c = scan_written(scripts[i]);

                cr_assert_str_eq(c.format, "keras-h5", "%zu: %s %s", i, c.format, c.reason);
                cr_assert_eq(c.status, SCAN_SUSPECT, "%zu: %s %s", i,
                             scan_status_to_string((ScanStatus) c.status), c.reason);
                cr_assert(has_evidence(&c, "emotion.face", "shape"), "%zu", i);
        }
}

Test(keras_hdf5, names_and_labels_identify)
{
        static const char *const scripts[] = {
                H5("", "f.attrs['model_config'] = net('facial_emotion', 7)\n"),
                H5("", MODEL "f.attrs['classes'] = " FER "\n"),
                H5("", MODEL "f.attrs['classes'] = np.array([s.encode() for s in " FER "])\n"),
                H5("", MODEL "f.attrs['labels'] = json.dumps(" FER ")\n"),
                H5("", MODEL "f.create_dataset('labels', data=np.array([s.encode() for s in " FER "]))\n"),
                H5("", MODEL "f.create_dataset('labels', data=" FER ", dtype=h5py.string_dtype())\n"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                Classification c = scan_written(scripts[i]);

                cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED, "%zu: %s", i,
                             scan_status_to_string((ScanStatus) c.status));
        }
}

Test(keras_hdf5, weights_alone)
{
        static const char *const scripts[] = {
                H5("", "weights(f, LAYERS)\n"),
                H5("", "for i, s in enumerate(LAYERS.values()):\n"
                       "    f.create_dataset('layers/dense_%d/vars/0' % i, data=np.zeros(s, dtype='f4'))\n"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                Classification c = scan_written(scripts[i]);

                cr_assert_str_eq(c.format, "keras-h5", "%zu: %s", i, c.reason);
                cr_assert_neq(c.status, SCAN_UNPARSABLE);
        }
}

/* What else is stored so: measurements, pictures with their labels. */
Test(keras_hdf5, data_is_no_model)
{
        static const char *const scripts[] = {
                H5("", ""),
                H5("", "f.create_dataset('images', data=np.zeros((10, 48, 48)))\n"
                       "f.create_dataset('labels', data=np.zeros(10))\nf.attrs['title'] = 'fer2013'\n"),
                H5("", "f.create_dataset('layers/a', data=np.zeros(4))\n"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                Classification c = scan_written(scripts[i]);

                cr_assert_eq(c.status, SCAN_NOT_A_MODEL, "%zu: %s", i, c.format);
        }
}

/* No weights are read. */
Test(keras_hdf5, seeks)
{
        Classification c = scan_written(H5("", "f.attrs['model_config'] = net('m', 7)\n"
                                               "weights(f.create_group('model_weights'), {'a': (512, 2048), "
                                               "'b': (2048, 512)})\n"));

        cr_assert_lt(c.bytes_read, 16384U);
}

/* Cut short, and with each byte of the structures changed: never clean without having been read, never long. */
Test(keras_hdf5, broken)
{
        _cleanup_bytes_ Bytes b = written(H5("", MODEL));

        for (size_t n = 100; n < MIN(b.n, (size_t) 4000); n += 97) {
                Classification c = scan_bytes_at(set, b.data, n, "");

                cr_assert(c.status == SCAN_UNPARSABLE || c.status == SCAN_NOT_A_MODEL ||
                                          certainty_of(&c, "emotion.face") >= 0,
                          "%zu bytes: %s", n, scan_status_to_string((ScanStatus) c.status));
        }
        for (size_t i = 0; i < MIN(b.n, (size_t) 6000); i += 3) {
                unsigned char saved = b.data[i];
                double begin = milliseconds();

                b.data[i] = 0xff;
                (void) scan_bytes(set, &b);
                cr_assert_lt(milliseconds() - begin, HOSTILE_MS, "byte %zu", i);
                b.data[i] = saved;
        }
}

/* By hand: a superblock, and a root group whose header goes on in itself without end. */
Test(keras_hdf5, a_header_that_goes_on_forever)
{
        _cleanup_bytes_ Bytes b = {};
        Classification c;
        double begin;

        put(&b, "\x89HDF\r\n\x1a\n", 8);
        put_le(&b, 2, 1);
        put_le(&b, 0x0808, 2);
        put_zeros(&b, 1 + 8);
        put_le(&b, UINT64_MAX, 8);
        put_le(&b, 4096, 8);
        put_le(&b, 48, 8); /* the root */
        put_le(&b, 0, 4);
        put_le(&b, 1, 2); /* at 48: a header of the old kind */
        put_le(&b, 1, 2);
        put_le(&b, 1, 4);
        put_le(&b, 24, 4);
        put_le(&b, 0, 4);
        put_le(&b, 0x10, 2); /* goes on at 64, which is here */
        put_le(&b, 16, 2);
        put_le(&b, 0, 4);
        put_le(&b, 64, 8);
        put_le(&b, 24, 8);
        put_zeros(&b, 4096 - b.n);
        begin = milliseconds();
        c = scan_bytes(set, &b);
        cr_assert_eq(c.status, SCAN_NOT_A_MODEL);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
        b.data[64 + 16] = 0xff; /* a length beyond the file */
        c = scan_bytes(set, &b);
        cr_assert_eq(c.status, SCAN_NOT_A_MODEL);
}
