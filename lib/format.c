/* SPDX-License-Identifier: MIT */
#include "lib/format.h"

struct sink {
	char *buffer;
	size_t size;
	size_t used;
};

struct spec {
	bool left, zero;
	unsigned width;
	unsigned precision; /* for %s; ~0: none */
	unsigned longs;     /* number of l modifiers; z and p count as 2 */
};

static void put(struct sink *sink, char c)
{
	if (sink->used + 1u < sink->size)
		sink->buffer[sink->used++] = c;
}

static void put_padded(struct sink *sink, const struct spec *spec, const char *text, unsigned length, bool number)
{
	unsigned padding = spec->width > length ? spec->width - length : 0;
	char fill = number && spec->zero && !spec->left ? '0' : ' ';

	if (fill == '0' && length > 0 && text[0] == '-') {
		put(sink, '-');
		text++;
		length--;
	}
	for (unsigned i = 0; !spec->left && i < padding; i++)
		put(sink, fill);
	for (unsigned i = 0; i < length; i++)
		put(sink, text[i]);
	for (unsigned i = 0; spec->left && i < padding; i++)
		put(sink, ' ');
}

static void put_number(struct sink *sink, const struct spec *spec, uint64_t value, unsigned base, bool negative)
{
	char text[24];
	unsigned at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (negative)
		text[--at] = '-';
	put_padded(sink, spec, text + at, (unsigned)sizeof(text) - at, true);
}

static void put_string(struct sink *sink, const struct spec *spec, const char *text)
{
	unsigned length = 0;

	if (text == NULL)
		text = "(null)";
	while (length < spec->precision && text[length] != '\0')
		length++;
	put_padded(sink, spec, text, length, false);
}

static unsigned parse_number(const char **format)
{
	unsigned value = 0;

	while (**format >= '0' && **format <= '9' && value < 1000u)
		value = value * 10u + (unsigned)(*(*format)++ - '0');
	return value;
}

static const char *parse_spec(const char *format, struct spec *spec)
{
	*spec = (struct spec){ .precision = ~0u };
	for (;; format++) {
		if (*format == '-')
			spec->left = true;
		else if (*format == '0')
			spec->zero = true;
		else
			break;
	}
	spec->width = parse_number(&format);
	if (*format == '.') {
		format++;
		spec->precision = parse_number(&format);
	}
	for (;; format++) {
		if (*format == 'l')
			spec->longs++;
		else if (*format == 'z')
			spec->longs = 2;
		else if (*format != 'h')
			break;
	}
	return format;
}

size_t format_text_v(char *buffer, size_t size, const char *format, va_list arguments)
{
	struct sink sink = { .buffer = buffer, .size = size, .used = 0 };
	struct spec spec;
	char character;

	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put(&sink, *format);
			continue;
		}
		format = parse_spec(format + 1, &spec);
		switch (*format) {
		case 'd':
		case 'i': {
			int64_t value = spec.longs > 0 ? va_arg(arguments, int64_t) : va_arg(arguments, int);
			uint64_t magnitude = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;

			put_number(&sink, &spec, magnitude, 10, value < 0);
			break;
		}
		case 'u':
		case 'x': {
			uint64_t value = spec.longs > 0 ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);

			put_number(&sink, &spec, value, *format == 'u' ? 10 : 16, false);
			break;
		}
		case 'p':
			put_number(&sink, &spec, (uint64_t)(uintptr_t)va_arg(arguments, void *), 16, false);
			break;
		case 'c':
			character = (char)va_arg(arguments, int);
			put_padded(&sink, &spec, &character, 1, false);
			break;
		case 's':
			put_string(&sink, &spec, va_arg(arguments, const char *));
			break;
		case '\0':
			format--;
			break;
		case '%':
			put(&sink, '%');
			break;
		default:
			put(&sink, '%');
			put(&sink, *format);
			break;
		}
	}
	if (size > 0)
		buffer[sink.used] = '\0';
	return sink.used;
}

size_t format_text(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_text_v(buffer, size, format, arguments);
	va_end(arguments);
	return length;
}
