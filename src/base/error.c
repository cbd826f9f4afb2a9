#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

static const struct error_info TABLE[] = {
#define ERROR_ROW(symbol, number, name, sentence, hint)                        \
	{ERR_##symbol, "ERR_" #symbol, name, sentence, hint},
	ERROR_TABLE(ERROR_ROW)
#undef ERROR_ROW
};

#define TABLE_ROWS (sizeof(TABLE) / sizeof(TABLE[0]))

static const struct error_info *find(int number)
{
	for (size_t i = 0; i < TABLE_ROWS; i++) {
		if ((int)TABLE[i].code == number)
			return &TABLE[i];
	}
	return NULL;
}

const struct error_info *error_info(enum err code)
{
	const struct error_info *row = find((int)code);

	return row ? row : find((int)ERR_RPC_INTERNAL);
}

const char *error_name(enum err code)
{
	return error_info(code)->name;
}

enum err error_from_number(int number)
{
	const struct error_info *row = find(number);

	return row ? row->code : ERR_RPC_INTERNAL;
}

const struct error_info *error_table(size_t *count)
{
	*count = TABLE_ROWS;
	return TABLE;
}

enum err err_set(struct err_text *text, enum err code, const char *format, ...)
{
	va_list args;

	if (!text)
		return code;
	va_start(args, format);
	vsnprintf(text->text, sizeof(text->text), format, args);
	va_end(args);
	return code;
}
