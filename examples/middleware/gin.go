package main

import "github.com/gin-gonic/gin"

// Gin is [Guard.Require] for gin. Handlers behind it call [BadgeFrom] with the
// context of c.Request.
func (g *Guard) Gin() gin.HandlerFunc {
	return func(c *gin.Context) {
		admitted := g.admit(c.Writer, c.Request)
		if admitted == nil {
			c.Abort()
			return
		}
		c.Request = admitted
		c.Next()
	}
}
