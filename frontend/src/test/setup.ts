import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { server } from './server';

configure({ asyncUtilTimeout: 20_000 }); // a busy machine, not a slow page

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => {
  cleanup();
  server.resetHandlers();
  localStorage.clear();
});
afterAll(() => server.close());

// What jsdom lacks and the components ask for.
Object.defineProperty(window, 'matchMedia', {
  value: (query: string) => ({
    matches: false,
    media: query,
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
    addListener: vi.fn(),
    removeListener: vi.fn(),
  }),
});

class StillObserver {
  observe = vi.fn();
  unobserve = vi.fn();
  disconnect = vi.fn();
}
window.ResizeObserver = StillObserver;
Element.prototype.scrollIntoView = vi.fn();
Range.prototype.getClientRects = () => [] as unknown as DOMRectList;

/** Never opens: pages must do without pushes. */
class SilentSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = 0;
  close = vi.fn();
  send = vi.fn();
}
vi.stubGlobal('WebSocket', SilentSocket);

// A canvas that forgets everything.
const nothing = vi.fn(() => ({ width: 10 }));
const context = new Proxy({}, { get: (_, name) => (name === 'canvas' ? undefined : nothing), set: () => true });
HTMLCanvasElement.prototype.getContext = vi.fn(() => context) as never;
vi.stubGlobal('Path2D', class { moveTo = nothing; lineTo = nothing; rect = nothing; arc = nothing; closePath = nothing; });
