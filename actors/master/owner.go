package master

import "sync"

// owner waits for the goroutines it has started. After Close it starts none.
type owner struct {
	mu     sync.Mutex // guards closed, and that nothing starts after it
	closed bool
	wg     sync.WaitGroup
}

// Go runs f in a goroutine; false after Close.
func (o *owner) Go(f func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	o.wg.Go(f)
	return true
}

// Close waits for the goroutines to return.
func (o *owner) Close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.wg.Wait()
}
