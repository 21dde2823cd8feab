/* SPDX-License-Identifier: MIT */
/*
 * Stands in for libcurl in a guest without a network: everything fails, and says why. Of tpm2-tools only
 * tpm2_getekcertificate calls it.
 */
#include <stddef.h>

#define CURLE_FAILED_INIT 2

int curl_global_init(long flags);
void curl_global_cleanup(void);
void *curl_easy_init(void);
int curl_easy_setopt(void *handle, int option, ...);
int curl_easy_perform(void *handle);
void curl_easy_cleanup(void *handle);
const char *curl_easy_strerror(int code);
char *curl_easy_escape(void *handle, const char *text, int length);
char *curl_easy_unescape(void *handle, const char *text, int length, int *out_length);
void curl_free(void *memory);

int curl_global_init(long flags)
{
	(void)flags;
	return CURLE_FAILED_INIT;
}

void curl_global_cleanup(void)
{
}

void *curl_easy_init(void)
{
	return NULL;
}

int curl_easy_setopt(void *handle, int option, ...)
{
	(void)handle;
	(void)option;
	return CURLE_FAILED_INIT;
}

int curl_easy_perform(void *handle)
{
	(void)handle;
	return CURLE_FAILED_INIT;
}

void curl_easy_cleanup(void *handle)
{
	(void)handle;
}

const char *curl_easy_strerror(int code)
{
	(void)code;
	return "this guest has no network";
}

char *curl_easy_escape(void *handle, const char *text, int length)
{
	(void)handle;
	(void)text;
	(void)length;
	return NULL;
}

char *curl_easy_unescape(void *handle, const char *text, int length, int *out_length)
{
	(void)handle;
	(void)text;
	(void)length;
	(void)out_length;
	return NULL;
}

void curl_free(void *memory)
{
	(void)memory;
}
