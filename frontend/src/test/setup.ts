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
// Lists lay out the rows that are in sight; nothing else has a size.
Object.defineProperty(HTMLElement.prototype, 'clientHeight', {
  get(this: HTMLElement) {
    return /^(grid|table)$/.test(this.getAttribute('role') ?? '') ? 600 : 0;
  },
});
Element.prototype.scrollIntoView = vi.fn();
window.scrollTo = vi.fn();
Range.prototype.getClientRects = () => [] as unknown as DOMRectList;

// A canvas that forgets everything.
const nothing = vi.fn(() => ({ width: 10 }));
const context = new Proxy({}, { get: (_, name) => (name === 'canvas' ? undefined : nothing), set: () => true });
HTMLCanvasElement.prototype.getContext = vi.fn(() => context) as never;
vi.stubGlobal('Path2D', class { moveTo = nothing; lineTo = nothing; rect = nothing; arc = nothing; closePath = nothing; });
