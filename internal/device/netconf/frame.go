package netconf

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// endOfMessage ends a message of NETCONF 1.0, and every hello (RFC 6242, section 4.3).
const endOfMessage = "]]>]]>"

// maxChunk is the largest chunk that RFC 6242, section 4.2, allows.
const maxChunk = 4294967295

var errTooLarge = errors.New("the message is larger than the profile allows")

// A framer cuts the bytes of a connection into messages.
type framer struct {
	in      *bufio.Reader
	out     io.Writer
	chunked bool // NETCONF 1.1
	limit   int  // bytes of one message that comes in
}

func newFramer(rw io.ReadWriter, limit int) *framer {
	return &framer{in: bufio.NewReaderSize(rw, 32<<10), out: rw, limit: limit}
}

// write sends one message.
func (f *framer) write(message []byte) error {
	var b bytes.Buffer
	if f.chunked {
		fmt.Fprintf(&b, "\n#%d\n", len(message))
		b.Write(message)
		b.WriteString("\n##\n")
	} else {
		b.Write(message)
		b.WriteString(endOfMessage)
	}
	if _, err := f.out.Write(b.Bytes()); err != nil {
		return unexpected(err)
	}
	return nil
}

// read returns the next message. After an error there is no telling where the one after it begins.
func (f *framer) read() ([]byte, error) {
	if f.chunked {
		return f.readChunks()
	}
	return f.readToEnd()
}

// readToEnd reads up to the end mark of NETCONF 1.0.
func (f *framer) readToEnd() ([]byte, error) {
	var message []byte
	for {
		part, err := f.in.ReadSlice('>')
		if len(message)+len(part) > f.limit+len(endOfMessage) {
			return nil, errTooLarge
		}
		message = append(message, part...)
		if bytes.HasSuffix(message, []byte(endOfMessage)) {
			return message[:len(message)-len(endOfMessage)], nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, unexpected(err)
		}
	}
}

// readChunks reads the chunks of one message of NETCONF 1.1.
func (f *framer) readChunks() ([]byte, error) {
	var message []byte
	for first := true; ; first = false {
		size, err := f.chunkHeader(first)
		if err != nil {
			return nil, err
		}
		switch {
		case size == 0 && first:
			return nil, errors.New("framing: a message without a chunk")
		case size == 0:
			return message, nil
		case size > uint64(f.limit-len(message)):
			return nil, errTooLarge
		}
		// The buffer grows with what really comes, so that a large size alone costs nothing.
		chunk := bytes.NewBuffer(message)
		if _, err := io.CopyN(chunk, f.in, int64(size)); err != nil {
			return nil, unexpected(err)
		}
		message = chunk.Bytes()
	}
}

// chunkHeader reads "\n#SIZE\n", or "\n##\n", for which it returns 0. Before the first chunk of a message further line feeds
// are let pass: some devices end their hello with one.
func (f *framer) chunkHeader(first bool) (uint64, error) {
	c, err := f.in.ReadByte()
	if err == nil && c != '\n' {
		return 0, fmt.Errorf("framing: %q where a chunk should begin", c)
	}
	for err == nil && c == '\n' {
		if c, err = f.in.ReadByte(); !first {
			break
		}
	}
	if err != nil {
		return 0, unexpected(err)
	}
	if c != '#' {
		return 0, fmt.Errorf("framing: %q where a chunk should begin", c)
	}
	var digits []byte
	for {
		if c, err = f.in.ReadByte(); err != nil {
			return 0, unexpected(err)
		}
		if c == '\n' {
			break
		}
		if digits = append(digits, c); len(digits) > 10 {
			return 0, fmt.Errorf("framing: chunk size %q…", digits)
		}
	}
	if string(digits) == "#" {
		return 0, nil
	}
	size, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil || digits[0] == '0' || digits[0] == '+' || size > maxChunk {
		return 0, fmt.Errorf("framing: chunk size %q", digits)
	}
	return size, nil
}

// unexpected says that a connection ended within a message.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return errHungUp
	}
	return err
}

var errHungUp = errors.New("the device hung up")
