// SPDX-License-Identifier: LGPL-2.1-or-later
// A real inference runtime at work: loads models with ONNX Runtime, runs them once, opens devices.
//   node ort.js load MODEL        exit 0 loaded, 1 refused (EPERM), 3 any other failure; one line says which
//   node ort.js run MODEL         loads, and runs it once with zeros
//   node ort.js device PATH       the runtime is loaded, then the device is opened and closed
//   node ort.js session MODEL PATH  loads and runs the model, then opens the device
'use strict';
const fs = require('fs');
const ort = require('onnxruntime-node');

function report(what, error, path) {
        console.log(`open=${error} what=${what} pid=${process.pid} path=${path}`);
        if (error === 'ok') return 0;
        return error === 'EPERM' ? 1 : 3;
}

// The runtime names the errno by its number, in words of its own.
function errnoOf(e) {
        const found = /system error number (\d+)/.exec(e.message);
        if (!found) return `other (${e.message.split('\n')[0]})`;
        const codes = { 1: 'EPERM', 2: 'ENOENT', 4: 'EINTR', 13: 'EACCES' };
        return codes[found[1]] || `errno ${found[1]}`;
}

async function load(path, run) {
        let session;
        try {
                session = await ort.InferenceSession.create(path, { logSeverityLevel: 4, intraOpNumThreads: 1 });
        } catch (e) {
                return report('model', errnoOf(e), path);
        }
        if (run) {
                const feeds = {};
                for (const input of session.inputMetadata || []) {
                        const dims = input.shape.map((d) => (typeof d === 'number' && d > 0 ? d : 1));
                        feeds[input.name] = new ort.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
                }
                const result = await session.run(feeds);
                for (const name of session.outputNames)
                        console.log(`output=${name} shape=${result[name].dims.join('x')}`);
        }
        return report('model', 'ok', path);
}

function device(path) {
        try {
                fs.closeSync(fs.openSync(path, 'r'));
        } catch (e) {
                return report('device', e.code, path);
        }
        return report('device', 'ok', path);
}

async function main() {
        const [verb, first, second] = process.argv.slice(2);
        if (verb === 'load') return load(first, false);
        if (verb === 'run') return load(first, true);
        if (verb === 'device') return device(first);
        if (verb === 'session') return (await load(first, true)) || device(second);
        console.error('usage: node ort.js load|run|device|session PATH [PATH]');
        return 2;
}

main().then((code) => { process.exitCode = code; });
