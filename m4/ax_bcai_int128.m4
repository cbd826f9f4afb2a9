# The tallies need 128-bit integers; say so at configure time, not in a
# screen of compiler errors.
AC_DEFUN([AX_BCAI_INT128], [
	AC_CHECK_TYPE([unsigned __int128], [],
		[AC_MSG_ERROR([this compiler has no unsigned __int128])])
])
