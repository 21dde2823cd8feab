/* SPDX-License-Identifier: MIT */
/*
 * A script is typed in two steps, so that the guest's line editor never sees it: first one command line that turns the
 * terminal's echo off, reads the script with cat, runs it and switches off; then, once that line says that it is
 * ready, the script and an end-of-file character. Markers with a number that changes each time enclose the output.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/run/run.h"

#define SCRIPT_MOST (96ull * 1024u) /* the guest's kernel takes 128 KiB for one argument */
#define LINE_MOST 4000u           /* longest line that a terminal takes */
#define MARKER_MOST 48u
#define END_OF_FILE '\x04'
#define LITERAL_NEXT '\x16'

enum script_state { SCRIPT_WAITING, SCRIPT_STARTED, SCRIPT_SENT, SCRIPT_RUNNING, SCRIPT_ENDED };

struct script {
	enum script_state state;
	char *text; /* as it is typed: control characters quoted, end-of-file behind it */
	size_t text_size;
	char command[768];
	char marker[3][MARKER_MOST]; /* what the guest prints: ready, begin, end */
	char held[MARKER_MOST + 16];  /* output that may be the start of a marker */
	size_t held_size;
	int status;
	bool every_start;
	size_t typed_size; /* of the text, once it was typed */
};

static char *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	char *text = malloc(SCRIPT_MOST + 1);

	if (file == NULL || text == NULL) {
		complain("cannot read the script %s: %s", path, strerror(errno));
		free(text);
		text = NULL;
	} else {
		*size = fread(text, 1, SCRIPT_MOST + 1, file);
		if (ferror(file) || *size > SCRIPT_MOST) {
			complain("the script %s %s", path,
			         ferror(file) ? "cannot be read" : "is longer than 96 KiB");
			free(text);
			text = NULL;
		}
	}
	if (file != NULL)
		(void)fclose(file);
	return text;
}

static int check_lines(const char *path, const char *text, size_t size)
{
	size_t line_size = 0, line = 1;

	for (size_t i = 0; i < size; i++) {
		line_size++;
		if (text[i] == '\n') {
			line_size = 0;
			line++;
		}
		if (line_size > LINE_MOST || text[i] == '\0') {
			complain("%s:%zu: %s", path, line,
			         text[i] == '\0' ? "a zero byte; scripts are text"
			                         : "longer than 4000 characters, more than a terminal takes");
			return RUN_USAGE;
		}
	}
	return RUN_OK;
}

/* Quotes control characters and appends newline and end-of-file. */
static int quote(struct script *script, const char *text, size_t size)
{
	char *out = malloc(2 * size + 2);

	if (out == NULL) {
		complain("out of memory");
		return RUN_FAILED;
	}
	script->text = out;
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\r')
			continue;
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F)
			*out++ = LITERAL_NEXT;
		*out++ = (char)c;
	}
	if (out > script->text && out[-1] != '\n')
		*out++ = '\n';
	*out++ = END_OF_FILE;
	script->text_size = (size_t)(out - script->text);
	return RUN_OK;
}

struct script *script_open(const char *path)
{
	static const char *const names[] = { "ready", "begin", "end" };
	struct script *script = calloc(1, sizeof(*script));
	size_t size = 0;
	char *text = read_whole(path, &size);
	int nonce = (int)getpid();

	if (script == NULL || text == NULL || check_lines(path, text, size) != RUN_OK ||
	    quote(script, text, size) != RUN_OK) {
		free(text);
		free(script);
		return NULL;
	}
	free(text);
	script->status = -1;
	for (unsigned i = 0; i < 3; i++)
		snprintf(script->marker[i], MARKER_MOST, "@@%s-%d", names[i], nonce);
	/* The markers are put together by printf, so that an echo of this line is none. */
	snprintf(script->command, sizeof(script->command),
	         " dmesg -n 1 2>/dev/null; stty -echo; printf '@@%%s-%d\\n' ready; s=$(cat); stty echo; "
	         "printf '@@%%s-%d\\n' begin; sh -c \"$s\" </dev/null; printf '@@%%s-%d %%d\\n' end $?; "
	         "poweroff -f || echo o >/proc/sysrq-trigger\n",
	         nonce, nonce, nonce);
	return script;
}

static void print_held(struct script *script, size_t size)
{
	if (script->state == SCRIPT_RUNNING && fwrite(script->held, 1, size, stdout) != size)
		complain("cannot write the script's output");
	script->held_size -= size;
	memmove(script->held, script->held + size, script->held_size);
}

/* The marker that the present state waits for. */
static const char *awaited(const struct script *script)
{
	switch (script->state) {
	case SCRIPT_STARTED: return script->marker[0];
	case SCRIPT_SENT: return script->marker[1];
	default: return script->marker[2];
	}
}

/* Looks at what is held: prints what cannot be a marker, moves on when the marker's line is complete. */
static void examine(struct script *script)
{
	const char *marker = awaited(script);
	size_t marker_size = strlen(marker);

	while (script->held_size > 0) {
		size_t compare = script->held_size < marker_size ? script->held_size : marker_size;

		if (memcmp(script->held, marker, compare) != 0) {
			print_held(script, 1);
			continue;
		}
		if (script->held_size < marker_size || script->held[script->held_size - 1] != '\n') {
			if (script->held_size < sizeof(script->held) - 1)
				return; /* more is to come */
			print_held(script, 1);
			continue;
		}
		script->held[script->held_size] = '\0';
		if (script->state == SCRIPT_RUNNING)
			script->status = (int)(strtoul(script->held + marker_size, NULL, 10) & 0xFF);
		script->state++;
		script->held_size = 0;
	}
}

void script_output(struct script *script, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\r' || script->state == SCRIPT_WAITING || script->state == SCRIPT_ENDED)
			continue;
		script->held[script->held_size++] = bytes[i];
		examine(script);
	}
	fflush(stdout);
}

void script_at_every_start(struct script *script)
{
	script->every_start = true;
}

/* A prompt in the middle of the script's output: the guest was reset and has started again. */
static bool has_restarted(const struct script *script)
{
	return script->every_start && (script->state == SCRIPT_SENT || script->state == SCRIPT_RUNNING);
}

void script_prompt(struct script *script, const char **text, size_t *size)
{
	*size = 0;
	if (has_restarted(script)) {
		script->state = SCRIPT_WAITING;
		script->held_size = 0;
		putchar('\n'); /* behind the prompt */
		script->text_size = script->typed_size;
	}
	if (script->state == SCRIPT_WAITING) {
		*text = script->command;
		*size = strlen(script->command);
		script->state = SCRIPT_STARTED;
	}
}

bool script_ready(struct script *script, const char **text, size_t *size)
{
	if (script->state != SCRIPT_SENT || script->text_size == 0)
		return false;
	*text = script->text;
	*size = script->text_size;
	script->typed_size = script->text_size;
	script->text_size = 0; /* typed once; the text stays until script_close() */
	return true;
}

int script_status(const struct script *script)
{
	return script->status;
}

void script_close(struct script *script)
{
	free(script->text);
	free(script);
}
