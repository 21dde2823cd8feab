/* SPDX-License-Identifier: MIT */
/*
 * A command line of igvm, in a folder with an image, programs, settings and a key: every command does what the line says
 * or refuses it with a line that says why.
 */
#include <getopt.h>

#include "abi/launch.h"
#include "lib/types.h"
#include "tests/fuzz/words.h"
#include "tests/mock/region.h"
#include "tests/unit/igvm_file.h"
#include "tests/unit/programs.h"
#include "tools/igvm/commands.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"build",	"inspect",	  "measure",	   "policy",	      "sign",	     "diff",	    "extract",	   "--help",
	"image",	"foreign",	  "monitor",	   "payload",	      "settings",    "key",	    "out",	   "-o",
	"--monitor",	"--payload",	  "--kernel",	   "--initrd",	      "--append",    "--firmware",  "--archive",   "--set",
	"--policy",	"--host",	  "--recipe",	   "--name",	      "--json",	     "--loader",    "qemu",	   "library",
	"--steps",	"--defaults",	  "--gpa",	   "--size",	      "--directory", "--id-key",    "--id-public", "--id-signature",
	"--author-key", "--author-public", "--prepare",	   "--prepare-key",   "--svn",	     "--family-id", "--image-id",  "--quiet",
	"0xfc007000",	"guest-vmpl=1",	  "console=on",	   "--firmware-only", "--serial-port", "--guest-vmpl", "--console",
};
static const char *const fixtures[] = { "image", "foreign", "monitor", "payload", "settings", "key", NULL };

static const char key[] =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"MIGkAgEBBDCmV2UAEhSQAtsV80zLuhfuk5gM1C787cvTybCjNzGnckMMuj48cSOG\n"
	"tFJ+F3IdIqWgBwYFK4EEACKhZANiAAQTQZefQaQOlhP+pYs7A+2icJs3zieCamRJ\n"
	"4qa4YGmgqWZG/N4zPBEs8lyTKE2qA38/rVxxBq4SsZ2flQoDJiR+RuwfP4gd7Fuw\n"
	"MyzgnDuu8xXC3h2kJZtOKaezQPSDbNs=\n"
	"-----END EC PRIVATE KEY-----\n";

static struct test_elf monitor, payload;
static struct test_file foreign;
static uint8_t image[1 << 20];
static size_t image_size;

static void write_fixtures(void)
{
	if (image_size != 0)
		words_write("image", image, image_size);
	words_write("foreign", foreign.data, foreign.size);
	words_write("monitor", monitor.data, sizeof(monitor.data));
	words_write("payload", payload.data, sizeof(payload.data));
	words_write("settings", "guest-vmpl = 1\nconsole = on\n", 28);
	words_write("key", key, sizeof(key) - 1);
}

static void make_programs(void)
{
	uint64_t va = MONITOR_VA + LAUNCH_OFF_IMAGE;

	elf_begin(&monitor, va);
	elf_add(&monitor, va, 0x200, 0x200, ELF_FLAG_READ | ELF_FLAG_EXECUTE);
	elf_add(&monitor, va + 0x1000, 0x80, 0x2800, ELF_FLAG_READ | ELF_FLAG_WRITE);
	elf_begin(&payload, 0x200000);
	elf_add(&payload, 0x200000, 0x200, 0x200, ELF_FLAG_READ | ELF_FLAG_EXECUTE);
	file_sample(&foreign, 2);
	file_finish(&foreign);
}

static void make_image(void)
{
	char text[] = "build\0-q\0--monitor\0monitor\0--payload\0payload\0-o\0image", *word[WORDS_MAX + 1];
	int count = words_make(text, sizeof(text) - 1, NULL, 0, word);
	FILE *stream;

	optind = 0;
	if (command_run(count, word) != STATUS_OK)
		abort();
	stream = fopen("image", "rb");
	image_size = stream != NULL ? fread(image, 1, sizeof(image), stream) : 0;
	if (image_size == 0 || image_size == sizeof(image) || fclose(stream) != 0)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	words_begin(*argc, *argv);
	make_programs();
	write_fixtures();
	make_image();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = words_text(data, size), *word[WORDS_MAX + 1];
	int count, status;

	if (text == NULL)
		return 0;
	write_fixtures();
	count = words_make(text, size, names, ARRAY_SIZE(names), word);
	optind = 0; /* getopt_long() begins anew */
	words_listen();
	status = command_run(count, word);
	words_heard("igvm: ", status == STATUS_FAILED);
	if (status != STATUS_OK && status != STATUS_FAILED && (status != STATUS_DIFFERENT || strcmp(word[1], "diff") != 0))
		abort();
	words_clean(fixtures);
	free(text);
	return 0;
}
