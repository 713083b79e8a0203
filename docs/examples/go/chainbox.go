package main

/*
#cgo pkg-config: chainbox
#include <stdlib.h>
#include <chainbox.h>

// Go hands its memory to C only as an argument of its own, not inside of a structure: so the structure is made here.
static chainbox_status verify_sm2(const chainbox_t *handle, size_t items,
                                  const uint8_t *keys, size_t keys_len, const uint32_t *key_lengths,
                                  const uint8_t *messages, size_t messages_len, const uint32_t *message_lengths,
                                  const uint8_t *signatures, size_t signatures_len, const uint32_t *signature_lengths,
                                  uint8_t *verdicts, uint8_t *all_valid, chainbox_error *error)
{
    chainbox_verify_request request = {
        .size = sizeof request,
        .items = items,
        .scheme = CHAINBOX_SCHEME_SM2_SM3,
        .input = CHAINBOX_INPUT_MESSAGE,
        .encoding = CHAINBOX_ENCODING_RAW,
        .keys = {keys, keys_len, key_lengths, 0},
        .inputs = {messages, messages_len, message_lengths, 0},
        .signatures = {signatures, signatures_len, signature_lengths, 0},
    };
    return chainbox_verify(handle, &request, verdicts, items, all_valid, error);
}
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

// Column holds byte strings: their bytes one after the other, and how long each is.
type Column struct {
	data    []byte
	lengths []uint32
}

// Push appends a string.
func (c *Column) Push(bytes []byte) {
	c.data = append(c.data, bytes...)
	c.lengths = append(c.lengths, uint32(len(bytes)))
}

// Error is why there are no verdicts.
type Error struct {
	Status  int
	Message string
	// RetryAfter says when to try again; zero where that will not help.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s", C.GoString(C.chainbox_error_text(C.int32_t(e.Status))), e.Message)
}

func errorOf(e *C.chainbox_error) error {
	retryAfter := time.Duration(e.retry_after_ms) * time.Millisecond
	return &Error{Status: int(e.status), Message: C.GoString(&e.message[0]), RetryAfter: retryAfter}
}

// Verdict is a number of enum chainbox_verdict.
type Verdict uint8

// Valid says that every check passed.
const Valid = Verdict(C.CHAINBOX_VERDICT_VALID)

func (v Verdict) String() string {
	return C.GoString(C.chainbox_verdict_text(C.uint8_t(v)))
}

// Handle verifies, for any number of goroutines at once.
type Handle struct {
	handle *C.chainbox_t
}

// Open gives a handle that verifies by the server at the address, or in process where that is empty.
func Open(address string) (*Handle, error) {
	options := C.chainbox_options{size: C.sizeof_chainbox_options}
	if address != "" {
		options.address = C.CString(address)
		defer C.free(unsafe.Pointer(options.address))
	}
	var handle *C.chainbox_t
	var failure C.chainbox_error
	if C.chainbox_open(&options, &handle, &failure) != C.CHAINBOX_STATUS_OK {
		return nil, errorOf(&failure)
	}
	return &Handle{handle}, nil
}

// Close ends the handle. Nothing may use it any more.
func (h *Handle) Close() {
	C.chainbox_close(h.handle)
	h.handle = nil
}

// VerifySM2 verifies r || s over messages of signers with the common id: a verdict an item, and whether all are valid.
func (h *Handle) VerifySM2(keys, messages, signatures *Column) (verdicts []Verdict, allValid bool, err error) {
	items := len(keys.lengths)
	if len(messages.lengths) != items || len(signatures.lengths) != items {
		return nil, false, fmt.Errorf("%d keys, %d messages, %d signatures", items, len(messages.lengths), len(signatures.lengths))
	}
	if items == 0 {
		return nil, true, nil
	}
	verdicts = make([]Verdict, items)
	var all C.uint8_t
	var failure C.chainbox_error
	status := C.verify_sm2(h.handle, C.size_t(items),
		bytesOf(keys), C.size_t(len(keys.data)), lengthsOf(keys),
		bytesOf(messages), C.size_t(len(messages.data)), lengthsOf(messages),
		bytesOf(signatures), C.size_t(len(signatures.data)), lengthsOf(signatures),
		(*C.uint8_t)(unsafe.Pointer(&verdicts[0])), &all, &failure)
	if status != C.CHAINBOX_STATUS_OK {
		return nil, false, errorOf(&failure)
	}
	return verdicts, all == 1, nil
}

func bytesOf(c *Column) *C.uint8_t {
	if len(c.data) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&c.data[0]))
}

func lengthsOf(c *Column) *C.uint32_t {
	return (*C.uint32_t)(unsafe.Pointer(&c.lengths[0]))
}
