// SPDX-License-Identifier: LGPL-2.1-or-later
// Overview: loads an ONNX model with ONNX Runtime and runs it once on zeros. Says "inference: NAME[SHAPE]" for each
// output. Exits 3 when the model could not be opened or loaded, 4 when it could not be run.
'use strict';
const ort = require('onnxruntime-node');

function zeros(meta) {
        const dims = meta.shape.map((d) => (typeof d === 'number' && d > 0 ? d : 1));
        const size = dims.reduce((a, b) => a * b, 1);
        const make = { float32: Float32Array, int64: BigInt64Array, uint8: Uint8Array, int32: Int32Array, bool: Uint8Array };
        return new ort.Tensor(meta.type, new make[meta.type](size), dims);
}

async function main(path) {
        const options = { intraOpNumThreads: 1, logSeverityLevel: 3, graphOptimizationLevel: 'disabled' };
        const session = await ort.InferenceSession.create(path, options).catch((error) => {
                console.error(`load: ${error.message}`);
                process.exit(3);
        });
        const feeds = {};
        for (const meta of session.inputMetadata)
                feeds[meta.name] = zeros(meta);
        const results = await session.run(feeds).catch((error) => {
                console.error(`run: ${error.message}`);
                process.exit(4);
        });
        for (const [name, tensor] of Object.entries(results))
                console.log(`inference: ${name}[${tensor.dims.join(',')}]`);
}

main(process.argv[2]);
