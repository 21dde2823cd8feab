/* SPDX-License-Identifier: MIT */
/* Services without a C library: what their environment says, right and wrong, and their log. */
#include "tests/unit/bare_service.h"
#include "tests/unit/unit.h"

static char line[SERVICE_LOG_MAX + 1];
static uint64_t line_handle, line_size;
static uint32_t lines;

void service_main(void)
{
}

static int64_t bare_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	CHECK_EQ(number, SYS_LOG);
	CHECK(c <= SERVICE_LOG_MAX);
	line_handle = a;
	line_size = c;
	memcpy(line, (const void *)(uintptr_t)b, c);
	line[c] = '\0';
	lines++;
	return 0;
}

static int handle_in(const char *handles, const char *name)
{
	const char *const strings[] = { handles, NULL };

	bare_environment(strings);
	return service_handle(name);
}

TEST(environment_strings)
{
	const char *const strings[] = { "EMPTY=", "LONG=1", "LON=2", NULL };
	const char *const nothing[] = { NULL };

	bare_environment(strings);
	CHECK_TEXT(service_environment("LON"), "2");
	CHECK_TEXT(service_environment("LONG"), "1");
	CHECK_TEXT(service_environment("EMPTY"), "");
	CHECK(service_environment("LO") == NULL);
	CHECK(service_environment("LONGER") == NULL);
	bare_environment(nothing);
	CHECK(service_environment("LON") == NULL);
	CHECK_EQ(service_handle("log"), ERR_NOT_FOUND);
}

TEST(handles)
{
	CHECK_EQ(handle_in("HANDLES=log=0 random=1 tpm=31", "log"), 0);
	CHECK_EQ(handle_in("HANDLES=log=0 random=1 tpm=31", "random"), 1);
	CHECK_EQ(handle_in("HANDLES=log=0 random=1 tpm=31", "tpm"), 31);
	CHECK_EQ(handle_in("HANDLES=log=0 random=1 tpm=31", "tp"), ERR_NOT_FOUND);
	CHECK_EQ(handle_in("HANDLES=catalog=4  log=5", "log"), 5);
	CHECK_EQ(handle_in("HANDLES=", "log"), ERR_NOT_FOUND);
}

TEST(handles_that_are_none)
{
	CHECK_EQ(handle_in("HANDLES=log=32", "log"), ERR_NOT_FOUND);
	CHECK_EQ(handle_in("HANDLES=log=4294967296", "log"), ERR_NOT_FOUND);
	CHECK_EQ(handle_in("HANDLES=log=99999999999999999999999999999999", "log"), ERR_NOT_FOUND);
	CHECK_EQ(handle_in("HANDLES=log=", "log"), ERR_NOT_FOUND);
	CHECK_EQ(handle_in("HANDLES=log= random=1", "log"), ERR_NOT_FOUND);
	CHECK_EQ(handle_in("HANDLES=log=-1", "log"), ERR_NOT_FOUND);
	CHECK_EQ(handle_in("HANDLES=log", "log"), ERR_NOT_FOUND);
}

TEST(log_lines)
{
	const char *const strings[] = { "HANDLES=random=0 log=7", NULL };
	const char *const silent[] = { "HANDLES=random=0", NULL };
	char much[2 * SERVICE_LOG_MAX];

	lines = 0;
	bare_environment(strings);
	service_log("%s is %u", "it", 3u);
	CHECK_TEXT(line, "it is 3");
	CHECK_EQ(line_handle, 7);
	memset(much, 'x', sizeof(much));
	much[sizeof(much) - 1] = '\0';
	service_log("%s", much);
	CHECK_EQ(line_size, SERVICE_LOG_MAX);
	bare_environment(silent);
	service_log("nobody hears");
	CHECK_EQ(lines, 2);
}
