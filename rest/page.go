package rest

import (
	"encoding/base64"
	"maps"
	"net/url"
	"strconv"
)

const defaultLimit = 100

// paging is what a list request says about its page.
type paging struct {
	path   string // of the resource
	limit  *int
	cursor *string
	others url.Values // parameters that the next page needs as well
}

// page returns the items of the page, the cursor of the next page and its
// Link header; both are empty on the last page. Items are ordered by key,
// which is unique: a page begins after the last key of the one before, so that
// items that come and go in between neither repeat nor hide others.
func page[T any](items []T, key func(T) string, p paging) (these []T, next string, link *string, err error) {
	limit := defaultLimit
	if p.limit != nil {
		limit = *p.limit
	}
	if p.cursor != nil && *p.cursor != "" {
		after, err := base64.RawURLEncoding.DecodeString(*p.cursor)
		if err != nil {
			return nil, "", nil, invalid("?cursor", "the cursor is not one of ours")
		}
		for len(items) > 0 && key(items[0]) <= string(after) {
			items = items[1:]
		}
	}
	if len(items) <= limit {
		return list(items), "", nil, nil
	}
	items = items[:limit]
	next = base64.RawURLEncoding.EncodeToString([]byte(key(items[limit-1])))
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	maps.Copy(query, p.others)
	target := nextPage(p.path, next, query)
	return items, next, &target, nil
}

// nextPage is the Link header to the page that begins at a cursor; others are
// the parameters that it needs as well.
func nextPage(path, cursor string, others url.Values) string {
	query := url.Values{}
	maps.Copy(query, others)
	query.Set("cursor", cursor)
	return "<" + basePath + path + "?" + query.Encode() + `>; rel="next"`
}

// newestFirst is a key that orders by falling number, equal ones by id.
func newestFirst(number uint64, id string) string {
	rest := strconv.FormatUint(^number, 10)
	return "00000000000000000000"[len(rest):] + rest + id
}
