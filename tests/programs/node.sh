#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# node: JIT, worker threads, child processes, HTTP server and client, files, streams, WebAssembly.
# seconds: 90
. tests/programs/lib.sh
need node

input script.js <<'EOF'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (!isMainThread) {
  let n = 0;
  for (let i = 0; i < 3e6; i++) n = (n * 31 + workerData + i) % 1000003;
  parentPort.postMessage(n);
  return;
}
const assert = require('assert'), fs = require('fs'), http = require('http'), os = require('os'), path = require('path');
const { execFile, execFileSync, spawn, fork, spawnSync } = require('child_process');
const crypto = require('crypto'), zlib = require('zlib'), net = require('net'), util = require('util');
const { pipeline } = require('stream/promises');
const { setTimeout: sleep } = require('timers/promises');

function jit() {
  const primes = [];
  for (let n = 2; primes.length < 20000; n++) {
    let prime = true;
    for (const p of primes) { if (p * p > n) break; if (n % p === 0) { prime = false; break; } }
    if (prime) primes.push(n);
  }
  return primes[primes.length - 1];
}
async function main() {
  console.log(process.version.startsWith('v'), process.platform, process.arch, jit());
  const workers = [1, 2, 3, 4].map(workerData => new Promise((ok, bad) => new Worker(__filename, { workerData }).on('message', ok).on('error', bad)));
  console.log(await Promise.all(workers));
  console.log(execFileSync('echo', ['child']).toString().trim(), spawnSync('sh', ['-c', 'exit 3']).status, spawnSync('sh', ['-c', 'kill -9 $$']).signal);
  const cat = spawn('cat');
  let echoed = '';
  cat.stdout.on('data', d => echoed += d);
  cat.stdin.end('x'.repeat(200000));
  await new Promise(ok => cat.on('close', ok));
  console.log(echoed.length);
  const forked = fork(path.join(__dirname, 'forked.js'));
  forked.send({ n: 20 });
  console.log(await new Promise(ok => forked.on('message', ok)));
  await new Promise(ok => forked.on('exit', ok));
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', d => body += d).on('end', () => response.end(`${request.method} ${request.url} ${body.length}`));
  });
  await new Promise(ok => server.listen(0, '127.0.0.1', ok));
  const agent = new http.Agent({ keepAlive: true });
  const get = (i) => new Promise((ok, bad) => {
    const r = http.request({ agent, host: '127.0.0.1', port: server.address().port, path: `/${i}`, method: 'POST' }, response => {
      let text = ''; response.on('data', d => text += d).on('end', () => ok(text));
    }).on('error', bad);
    r.end('b'.repeat(i * 1000));
  });
  const answers = await Promise.all([...Array(40).keys()].map(get));
  console.log(answers[0], answers[39]);
  agent.destroy(); server.close();
  console.log(typeof fetch === 'function' ? 'fetch' : 'no fetch');
  fs.mkdirSync('d/e', { recursive: true });
  await fs.promises.writeFile('d/e/f', 'text\n'.repeat(50000));
  await pipeline(fs.createReadStream('d/e/f'), zlib.createGzip(), fs.createWriteStream('d/f.gz'));
  await pipeline(fs.createReadStream('d/f.gz'), zlib.createGunzip(), fs.createWriteStream('d/g'));
  console.log(fs.readFileSync('d/g').equals(fs.readFileSync('d/e/f')), fs.readdirSync('d').sort(), fs.statSync('d/g').size);
  console.log(crypto.createHash('sha256').update('x').digest('hex'), (await util.promisify(crypto.pbkdf2)('p', 's', 1000, 16, 'sha256')).toString('hex'));
  const wasm = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex')));
  console.log(wasm.exports.add(40, 2), new Intl.NumberFormat('en').format(1234567), os.cpus().length > 0, process.memoryUsage().rss > 1e6);
  const unix = net.createServer(s => s.pipe(s)).listen('./sock');
  await new Promise(ok => unix.on('listening', ok));
  const c = net.connect('./sock'); c.write('unix');
  console.log((await new Promise(ok => c.on('data', ok))).toString());
  c.destroy(); unix.close();
  const got = new Promise(ok => process.once('SIGUSR2', ok)); process.kill(process.pid, 'SIGUSR2'); console.log(await got);
  const before = process.hrtime.bigint(); await sleep(50); console.log(process.hrtime.bigint() - before >= 49000000n);
  console.log(await new Promise(ok => execFile('sleep', ['10'], { timeout: 100 }, e => ok([e.killed, e.signal]))));
  const shared = new Int32Array(new SharedArrayBuffer(4)); console.log(Atomics.wait(shared, 0, 0, 20));
  process.exitCode = 7;
}
main().then(() => console.log('done'));
EOF
input forked.js <<'EOF'
process.on('message', ({ n }) => { const f = n => n < 2 ? n : f(n - 1) + f(n - 2); process.send({ fib: f(n) }, () => process.disconnect()); });
EOF
compare node script.js
passes '^done$'
compare node -e 'process.stdout.write("x".repeat(100000)); process.exit(3)'
compare node --jitless -p '[1,2,3].map(x => x * x).join()'
