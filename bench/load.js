// One scenario against one target, from the job file JOB that `k6.py` writes: a fixed number of requests, shared by
// clients. Every response is checked; a failed request is counted and never repeated.
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';

const job = JSON.parse(open(__ENV.JOB));
const SHOWN = 3; // messages of failures per client

export const options = {
  scenarios: {
    work: {
      executor: 'shared-iterations',
      vus: job.clients,
      iterations: job.requests,
      maxDuration: `${job.seconds}s`,
      gracefulStop: '30s',
    },
  },
  blacklistIPs: job.forbidden,
  hosts: job.hosts,
  noUsageReport: true,
  summaryTrendStats: ['count', 'min', 'avg', 'med', 'p(95)', 'p(99)', 'max'],
  systemTags: [],
  userAgent: 'image-store-bench',
};

const began = new Trend('began');
const ended = new Trend('ended');
const duration = new Trend('duration');
const firstByte = new Trend('first_byte');
const done = new Counter('done');
const failed = new Counter('failed');
const received = new Counter('received');
const named = {};
for (const one of job.reads) {
  named[one.name] = named[one.name] || new Trend(`named_${one.name}`);
}

const file = job.body ? new Uint8Array(open(job.body.file, 'b')) : null;
let shown = 0;

function put(offset, text) {
  for (let index = 0; index < text.length; index += 1) {
    file[offset + index] = text.charCodeAt(index);
  }
}

function store() {
  const { body } = job;
  const number = exec.vu.iterationInScenario * body.parts;
  const group = `${exec.vu.idInTest}`.padStart(4, '0') + `${Math.floor(number / job.series)}`.padStart(6, '0');
  for (const [level, prefix] of Object.entries(body.levels)) {
    for (const [offset, part] of body.offsets[level]) {
      const index = level === 'instance' ? `${(number % job.series) + part}`.padStart(6, '0') : '';
      put(offset, prefix + job.run + group + index);
    }
  }
  const type = `multipart/related; type="application/dicom"; boundary=${body.boundary}`;
  const headers = Object.assign({ 'Content-Type': type, Accept: 'application/dicom+json' }, job.headers);
  const answer = http.post(`${job.url}/dicom-web/studies`, file.buffer, { headers, timeout: '120s' });
  // 200: every part was stored.
  return [answer, answer.status === 200 && answer.body.includes('00081199'), body.payload];
}

function read() {
  const one = job.reads[exec.scenario.iterationInTest % job.reads.length];
  const headers = Object.assign({ Accept: one.accept }, job.headers);
  const answer = http.get(job.url + one.path, { headers, timeout: '120s', responseType: 'binary' });
  const size = answer.body ? answer.body.byteLength : 0;
  named[one.name].add(answer.timings.duration);
  return [answer, answer.status === 200 && size >= one.min_bytes, size];
}

export default function () {
  began.add(Date.now() - job.epoch);
  const [answer, good, size] = file ? store() : read();
  ended.add(Date.now() - job.epoch);
  duration.add(answer.timings.duration);
  firstByte.add(answer.timings.waiting);
  done.add(1);
  failed.add(good ? 0 : 1);
  received.add(good ? size : 0);
  if (!good && shown < SHOWN) {
    shown += 1;
    console.error(`${answer.status} ${answer.error || ''} after ${Math.round(answer.timings.duration)} ms`);
  }
}

export function handleSummary(data) {
  const values = Object.fromEntries(Object.entries(data.metrics).map(([name, metric]) => [name, metric.values]));
  return { [job.summary]: JSON.stringify(values) };
}
