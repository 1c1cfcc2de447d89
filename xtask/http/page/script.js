// Uses all that the page loads, and reports what became of it to the port that the address names.

const happened = (target, event) => new Promise((resolve, reject) => {
  target.addEventListener(event, resolve, { once: true });
  target.addEventListener('error', () => reject(target.error ?? new Error(`no ${event}`)), { once: true });
});

async function look() {
  const seen = { background: getComputedStyle(document.body).backgroundColor };
  const image = document.querySelector('img');
  await image.decode();
  seen.image = [image.naturalWidth, image.naturalHeight];

  const video = document.querySelector('video');
  if (video.readyState < HTMLMediaElement.HAVE_METADATA) await happened(video, 'loadedmetadata');
  seen.video = [video.videoWidth, video.videoHeight];
  seen.seconds = video.duration;
  const end = video.duration - 1;
  video.currentTime = end;
  await happened(video, 'seeked');
  seen.sought = Math.abs(video.currentTime - end) < 0.2 && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;

  const text = await fetch('text.txt');
  seen.text = [text.headers.get('content-encoding'), (await text.arrayBuffer()).byteLength];
  // The browser asks whether what it keeps is still so.
  const again = await fetch('text.txt', { cache: 'no-cache' });
  seen.again = [again.status, (await again.arrayBuffer()).byteLength];
  const part = await fetch('medium.bin', { headers: { Range: 'bytes=100-199' } });
  seen.part = [part.status, part.headers.get('content-range'), (await part.arrayBuffer()).byteLength];
  return seen;
}

const port = new URLSearchParams(location.search).get('report');
const report = await look().catch((error) => ({ error: String(error) }));
await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', mode: 'no-cors', body: JSON.stringify(report) });
